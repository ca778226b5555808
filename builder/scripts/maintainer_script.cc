#include "builder/scripts/maintainer_script.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "builder/scripts/shell_lines.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kBlockBegin = "# Automatically added by ";
constexpr std::string_view kBlockEnd = "# End automatically added section";
// What debhelper replaces by its blocks; stands for them in the residue.
constexpr std::string_view kToken = "#DEBHELPER#";

Error At(size_t line, const std::string& what) {
  return InputError("line " + std::to_string(line) + ": " + what);
}

// IsShell takes "#!/bin/sh", "#! /bin/sh -e" and the like.
bool IsShell(std::string_view first_line) {
  if (!first_line.starts_with("#!")) return false;
  std::string_view rest = Trim(first_line.substr(2));
  const size_t space = rest.find(' ');
  const std::string_view options =
      space == std::string_view::npos ? "" : Trim(rest.substr(space));
  rest = rest.substr(0, space);
  return (rest == "/bin/sh" || rest == "/bin/bash" || rest == "/bin/dash") &&
         (options.empty() || options == "-e" || options == "-eu");
}

// Only printable text, tabs and line ends can be judged by their looks.
bool IsPlainText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t' || c == '\n';
  });
}

std::optional<ScriptBlock> BeginBlock(std::string_view line, size_t number) {
  if (!line.starts_with(kBlockBegin)) return std::nullopt;
  const std::string_view by = line.substr(kBlockBegin.size());
  const size_t slash = std::min(by.find('/'), by.size());
  ScriptBlock block = {.tool = std::string(by.substr(0, slash)),
                       .version = {},
                       .first_line = number + 1,
                       .text = {}};
  if (slash < by.size()) block.version = by.substr(slash + 1);
  return block;
}

bool IsNoise(std::string_view line) {
  const std::string_view text = Trim(line);
  return text.empty() || text.starts_with('#') || line == "set -e" ||
         line == "set -eu" || line == "set -u";
}

// Cutter goes through the lines once.
class Cutter {
 public:
  Result<MaintainerScript> Cut(const std::vector<std::string>& lines) {
    script_.is_shell = true;
    for (size_t i = 0; i < lines.size(); ++i) {
      TALLY_TRY(Take(lines[i], i + 1));
    }
    if (block_) {
      return At(block_->first_line - 1,
                "found a section of " + Quote(block_->tool) + " without end");
    }
    TALLY_TRY(shell_.Finish());
    return std::move(script_);
  }

 private:
  Status Take(const std::string& line, size_t number) {
    if (block_) return TakeOfBlock(line, number);
    const bool marks = line.starts_with(kBlockBegin) || line == kBlockEnd;
    if (marks && (!shell_.AtStatement() || line == kBlockEnd)) {
      return At(number, "found " + Quote(line) + " at an unexpected place");
    }
    if (marks) {
      block_ = BeginBlock(line, number);
      return Ok();
    }
    if (!(shell_.AtStatement() && IsNoise(line))) {
      script_.residue.push_back({.number = number, .text = line});
    }
    return shell_.Take(line, number);
  }

  Status TakeOfBlock(const std::string& line, size_t number) {
    if (line.starts_with(kBlockBegin)) {
      return At(number, "found " + Quote(line) + " inside a section");
    }
    if (line != kBlockEnd) {
      block_->text += line + '\n';
      return Ok();
    }
    script_.blocks.push_back(*std::move(block_));
    block_.reset();
    auto& residue = script_.residue;
    if (residue.empty() || residue.back().text != kToken) {
      residue.push_back({.number = number, .text = std::string(kToken)});
    }
    return Ok();
  }

  MaintainerScript script_;
  ShellLines shell_;
  std::optional<ScriptBlock> block_;
};

bool IsEmptyCaseHead(std::string_view line) {
  return line == "case \"$1\" in" || line == "case $1 in" ||
         line == "case \"${1}\" in";
}

bool IsCaseLabel(std::string_view line) {
  if (line.starts_with('(')) line.remove_prefix(1);
  if (!line.ends_with(')')) return false;
  line.remove_suffix(1);
  return line == "*" || (!line.empty() && std::ranges::all_of(line, [](char c) {
           return (c >= 'a' && c <= 'z') || c == '-' || c == '|';
         }));
}

// A branch may do nothing, or complain that it was called in an unknown way.
bool IsIdle(std::string_view line, std::string_view label) {
  if (line == ":" || line == "true" || line == ";;") return true;
  if (label.find('*') == std::string_view::npos) return false;
  if (line == "exit 1" || line == "exit 0") return true;
  constexpr std::string_view kComplaint =
      "inst called with unknown argument \\`$1'\" >&2";
  return line == "echo \"post" + std::string(kComplaint) ||
         line == "echo \"pre" + std::string(kComplaint);
}

// IdleCaseLength returns the number of lines of the `case` at `begin`, or 0 if
// there is none or if it does something.
size_t IdleCaseLength(const std::vector<ScriptLine>& lines, size_t begin) {
  if (!IsEmptyCaseHead(Trim(lines[begin].text))) return 0;
  std::string_view label;
  bool in_branch = false;
  for (size_t i = begin + 1; i < lines.size(); ++i) {
    const std::string_view line = Trim(lines[i].text);
    if (line == "esac") return i - begin + 1;
    if (!in_branch) {
      if (!IsCaseLabel(line)) return 0;
      label = line;
      in_branch = true;
    } else if (!IsIdle(line, label)) {
      return 0;
    } else if (line == ";;") {
      in_branch = false;
    }
  }
  return 0;
}

// DropIdle removes what does nothing where it stands: idle cases, the final
// `exit 0`, and the token if there is nothing else.
void DropIdle(std::vector<ScriptLine>* residue) {
  for (size_t i = 0; i < residue->size();) {
    const size_t length = IdleCaseLength(*residue, i);
    const auto begin = residue->begin() + static_cast<std::ptrdiff_t>(i);
    residue->erase(begin, begin + static_cast<std::ptrdiff_t>(length));
    if (length == 0) ++i;
  }
  if (!residue->empty() && residue->back().text == "exit 0") {
    residue->pop_back();
  }
  const bool only_blocks = std::ranges::all_of(
      *residue, [](const ScriptLine& line) { return line.text == kToken; });
  if (only_blocks) residue->clear();
}

// WithoutVersion makes the scripts of two versions equal that differ in their
// own version only, as libc6's do.
std::string WithoutVersion(std::string text, std::string_view version) {
  const std::string word = '"' + std::string(version) + '"';
  constexpr std::string_view kWord = "\"#VERSION#\"";
  for (size_t at = text.find(word); at != std::string::npos;
       at = text.find(word, at + kWord.size())) {
    text.replace(at, word.size(), kWord);
  }
  return text;
}

Sha256Digest DigestOf(const std::vector<ScriptLine>& residue,
                      std::string_view version) {
  Sha256Hasher hasher;
  for (const ScriptLine& line : residue) {
    hasher.Update(AsBytes(WithoutVersion(line.text, version) + '\n'));
  }
  return hasher.Finish();
}

MaintainerScript Opaque(ByteSpan script, std::string_view first_line) {
  return {.is_shell = false,
          .blocks = {},
          .residue = {{.number = 1, .text = std::string(first_line)}},
          .residue_sha256 = Sha256(script)};
}

}  // namespace

Result<MaintainerScript> CutMaintainerScript(ByteSpan script,
                                             std::string_view version) {
  if (script.size() > kMaxScriptBytes) {
    return InputError("has " + FormatBytes(script.size()) +
                      ", expected at most " + FormatBytes(kMaxScriptBytes));
  }
  const std::string_view text = AsText(script);
  const std::string_view first_line = text.substr(0, text.find('\n'));
  if (!IsPlainText(text) || !IsShell(first_line)) {
    return Opaque(script, first_line);
  }
  std::vector<std::string> lines = Split(text, '\n');
  if (lines.back().empty()) lines.pop_back();

  TALLY_ASSIGN(MaintainerScript cut, Cutter().Cut(lines));
  DropIdle(&cut.residue);
  cut.residue_sha256 = DigestOf(cut.residue, version);
  return cut;
}

}  // namespace tally
