#include "builder/generate/nss.h"

#include <algorithm>
#include <optional>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kPath = "etc/nsswitch.conf";
constexpr std::string_view kBlank = " \t";

using Strings = std::vector<std::string>;

// Part is a word of a line, "dns" or "[NOTFOUND=return]".
struct Part {
  size_t begin = 0;
  size_t end = 0;
};

// PartsOf returns the words of a line behind its database, up to a comment.
std::vector<Part> PartsOf(std::string_view line) {
  const std::string_view text = line.substr(0, line.find('#'));
  std::vector<Part> parts;
  size_t at = text.find(':') + 1;
  while ((at = text.find_first_not_of(kBlank, at)) != std::string_view::npos) {
    const char* ends = text[at] == '[' ? "]" : " \t";
    size_t end = std::min(text.find_first_of(ends, at), text.size());
    if (text[at] == '[' && end < text.size()) ++end;
    parts.push_back({.begin = at, .end = end});
    at = end;
  }
  return parts;
}

// Place returns where in the line the services go, or none.
std::optional<size_t> Place(std::string_view line,
                            const std::vector<Part>& parts,
                            std::string_view position) {
  if (parts.empty()) return std::nullopt;
  if (position == "first") return parts.front().begin;
  if (position == "last") return parts.back().end;
  const size_t equals = position.find('=');
  const Strings anchors = Split(position.substr(equals + 1), ',');
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string word(
        line.substr(parts[i].begin, parts[i].end - parts[i].begin));
    if (std::ranges::find(anchors, word) == anchors.end()) continue;
    if (position.starts_with("before=")) return parts[i].begin;
    const bool has_reaction =
        i + 1 < parts.size() && line[parts[i + 1].begin] == '[';
    return parts[i + (has_reaction ? 1 : 0)].end;
  }
  return std::nullopt;
}

// words: DATABASE POSITION SERVICE...
void AddService(const Strings& words, std::string* line) {
  if (!line->starts_with(words[0] + ":")) return;
  const std::vector<Part> parts = PartsOf(*line);
  for (const Part& part : parts) {
    if (line->substr(part.begin, part.end - part.begin) == words[2]) return;
  }
  const std::optional<size_t> at = Place(*line, parts, words[1]);
  if (!at) return;
  const std::string service = Join({words.begin() + 2, words.end()}, " ");
  const bool is_before = words[1] == "first" || words[1].starts_with("before=");
  line->insert(*at, is_before ? service + " " : " " + service);
}

}  // namespace

Status GenerateNss(const std::vector<Action>& actions, Tree* tree) {
  TreeNode* node = tree->Edit(kPath);
  if (node == nullptr || node->type != NodeType::kFile ||
      node->origin.kind == "manifest") {
    return Ok();
  }
  Strings lines = Split(AsText(node->content.span()), '\n');
  for (const Action& action : actions) {
    if (action.kind != ActionKind::kNss) continue;
    for (std::string& line : lines) AddService(Words(action.argument), &line);
  }
  const std::string text = Join(lines, "\n");
  if (text != AsText(node->content.span())) node->content = TextContent(text);
  return Ok();
}

}  // namespace tally
