#include "formats/pam_profile.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxPamProfileBytes = 64 << 10;
// \s of Perl, within a line.
constexpr std::string_view kPerlSpaces = " \t\r\f\v";
constexpr std::string_view kGoneModule = "pam_tally";

// The lines of a template between which the tool writes.
constexpr std::string_view kPrimaryBegin =
    "# here are the per-package modules (the \"Primary\" block)";
constexpr std::string_view kPrimaryEnd =
    "# here's the fallback if no module succeeds";
constexpr std::string_view kAdditionalBegin =
    "# and here are more per-package modules (the \"Additional\" block)";
constexpr std::string_view kAdditionalEnd = "# end of pam-auth-update config";

std::string_view TrimPerlSpaces(std::string_view text) {
  const size_t first = text.find_first_not_of(kPerlSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kPerlSpaces) - first + 1);
}

// FieldName returns what /^(\S+):\s/ matches, or nothing: the line continues
// the field before it.
std::optional<std::string_view> FieldName(std::string_view line) {
  const size_t blank = std::min(line.find_first_of(kPerlSpaces), line.size());
  if (blank < 2 || line[blank - 1] != ':') return std::nullopt;
  return line.substr(0, blank - 1);
}

// FieldValue returns (.*) of /^(\S+):\s+(.*)\s*$/: blanks at its end stay.
std::string_view FieldValue(std::string_view line, size_t name_size) {
  line.remove_prefix(name_size + 1);
  return line.substr(
      std::min(line.find_first_not_of(kPerlSpaces), line.size()));
}

Result<int64_t> ParsePriority(std::string_view text) {
  text = TrimPerlSpaces(text);
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const Result<uint64_t> value = ParseUnsigned(digits);
  if (!value || *value > 0x7fffffff || digits.starts_with("0x")) {
    return InputError("found priority " + Quote(text) +
                      ", expected a whole number");
  }
  const auto number = static_cast<int64_t>(*value);
  return negative ? -number : number;
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines = Split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

Error AtLine(size_t number, const std::string& message) {
  return InputError("line " + std::to_string(number) + ": " + message);
}

// TakeSpecialFields moves what has a member of its own out of the fields.
Status TakeSpecialFields(PamProfile* profile) {
  std::map<std::string, std::string>& fields = profile->fields;
  profile->is_default = fields["Default"] == "yes";
  const std::string priority = fields["Priority"];
  if (!priority.empty()) {
    TALLY_ASSIGN(profile->priority, ParsePriority(priority));
  }
  fields.erase("Default");
  fields.erase("Priority");
  return Ok();
}

// ModuleLine is one line of a stack: control, module and arguments.
struct ModuleLine {
  std::string control_and_module;
  std::vector<std::string> arguments;
};

std::vector<std::string> ArgumentsOf(std::string_view text) {
  std::vector<std::string> words;
  while (!(text = TrimPerlSpaces(text)).empty()) {
    const size_t end = std::min(text.find_first_of(kPerlSpaces), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

// ParseModuleLine is /^((\[[^]]+\]|\w+)\s+\S+)\s*(.*)/ of merge_one_line().
Result<ModuleLine> ParseModuleLine(std::string_view line) {
  const Error bad = InputError("found " + Quote(line.substr(0, 80)) +
                               ", expected CONTROL MODULE [ARGUMENT]...");
  size_t control_end = 0;
  if (line.starts_with('[')) {
    const size_t close = line.find(']');
    if (close == std::string_view::npos || close == 1) return bad;
    control_end = close + 1;
  } else {
    while (control_end < line.size() && IsWordByte(line[control_end])) {
      ++control_end;
    }
  }
  const size_t module = line.find_first_not_of(kPerlSpaces, control_end);
  if (control_end == 0 || module == control_end ||
      module == std::string_view::npos) {
    return bad;
  }
  const size_t module_end =
      std::min(line.find_first_of(kPerlSpaces, module), line.size());
  return ModuleLine{
      .control_and_module = std::string(line.substr(0, module_end)),
      .arguments = ArgumentsOf(line.substr(module_end))};
}

// WithJumps replaces every "end" by the number of lines to skip.
std::string WithJumps(std::string text, int64_t num_lines) {
  const std::string number = std::to_string(num_lines);
  for (size_t at = 0; (at = text.find("end", at)) != std::string::npos;) {
    text.replace(at, 3, number);
    at += number.size();
  }
  return text;
}

std::string FieldOf(const PamProfile& profile, const std::string& name) {
  const auto found = profile.fields.find(name);
  return found == profile.fields.end() ? "" : found->second;
}

// Field prefix of a stack: "Session-noninteractive" for
// "session-noninteractive".
std::string FieldPrefix(PamStack stack) {
  std::string prefix(PamStackName(stack));
  prefix.front() = static_cast<char>(prefix.front() - 'a' + 'A');
  return prefix;
}

// BlockLine is one line of a block, and whose it is.
struct BlockLine {
  std::string text;
  const PamProfile* profile = nullptr;
};

// BlockLines gathers the lines of one block; the first profile of a block may
// have lines of its own for that place.
std::vector<BlockLine> BlockLines(std::string_view block,
                                  const std::string& prefix,
                                  std::span<const PamProfile> enabled) {
  std::vector<BlockLine> lines;
  bool is_first = true;
  for (const PamProfile& profile : enabled) {
    if (FieldOf(profile, prefix + "-Type") != block) continue;
    std::string text = is_first ? FieldOf(profile, prefix + "-Initial") : "";
    if (text.empty()) text = FieldOf(profile, prefix);
    is_first = false;
    for (const std::string& line : Lines(text)) {
      lines.push_back({.text = line, .profile = &profile});
    }
  }
  return lines;
}

Result<std::string> WriteBlock(PamStack stack, std::string_view block,
                               std::span<const PamProfile> enabled) {
  const std::string_view name = PamStackName(stack);
  const std::string type(name.substr(0, name.find('-')));
  const std::vector<BlockLine> lines =
      BlockLines(block, FieldPrefix(stack), enabled);
  const bool is_primary = block == "Primary";
  if (is_primary && lines.empty()) {
    return type + "\t[default=1]\t\t\tpam_permit.so\n";
  }
  // A jump from the last primary module skips pam_deny; after the additional
  // ones there is nothing to skip.
  auto num_left = static_cast<int64_t>(lines.size()) - (is_primary ? 0 : 1);
  std::string text;
  for (const BlockLine& line : lines) {
    const Result<ModuleLine> module = ParseModuleLine(line.text);
    if (!module) {
      return InputError("profile " + Quote(line.profile->file) + ": " +
                        module.error().message());
    }
    text += type + "\t" + WithJumps(module->control_and_module, num_left) +
            " " + Join(module->arguments, " ") + "\n";
    --num_left;
  }
  return text;
}

}  // namespace

std::string_view PamStackName(PamStack stack) {
  constexpr std::array<std::string_view, 5> kNames = {
      "account", "auth", "password", "session", "session-noninteractive"};
  return kNames[static_cast<size_t>(stack)];
}

Result<PamProfile> ParsePamProfile(std::string_view text,
                                   std::string_view file) {
  if (text.size() > kMaxPamProfileBytes ||
      text.find('\0') != std::string_view::npos) {
    return InputError("found " + std::to_string(text.size()) +
                      " bytes, expected at most 65536 without NUL");
  }
  PamProfile profile{.file = std::string(file)};
  std::string field;  // of the lines that follow
  size_t number = 0;
  for (const std::string& line : Lines(text)) {
    ++number;
    if (const auto name = FieldName(line)) {
      const std::string value(FieldValue(line, name->size()));
      field = *name;
      // The first version of the format had "Auth-Final" for "Auth".
      if (field.ends_with("-Final")) field.resize(field.size() - 6);
      if (field == "Conflicts") {
        for (size_t at = 0; at <= value.size();) {
          const size_t end = std::min(value.find(", ", at), value.size());
          profile.conflicts.insert(value.substr(at, end - at));
          at = end + 2;
        }
      } else {
        profile.fields[field] = value;
      }
      continue;
    }
    const std::string_view more = TrimPerlSpaces(line);
    if (more.empty()) continue;
    if (field.empty()) {
      return AtLine(number, "found " + Quote(more.substr(0, 80)) +
                                ", expected a field 'NAME: …'");
    }
    std::string& value = profile.fields[field];
    if (!value.empty()) value += '\n';
    value += more;
    if (value.find(kGoneModule) != std::string::npos) profile.disabled = true;
  }
  TALLY_TRY(TakeSpecialFields(&profile));
  if (!profile.fields.contains("Session-Interactive-Only")) {
    for (const char* suffix : {"-Type", "", "-Initial"}) {
      profile.fields["Session-noninteractive" + std::string(suffix)] =
          FieldOf(profile, "Session" + std::string(suffix));
    }
  }
  return profile;
}

std::vector<PamProfile> EnabledPamProfiles(std::vector<PamProfile> profiles) {
  std::erase_if(profiles, [](const PamProfile& profile) {
    return !profile.is_default || profile.disabled;
  });
  std::ranges::sort(profiles, [](const PamProfile& a, const PamProfile& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.file > b.file;
  });
  // As the tool does, in rounds: who declares a conflict stays, for the time
  // being, and the other one goes.
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < profiles.size(); ++i) {
      const std::set<std::string> conflicts = profiles[i].conflicts;
      const auto num_gone =
          std::erase_if(profiles, [&](const PamProfile& other) {
            return conflicts.contains(other.file);
          });
      changed = changed || num_gone > 0;
    }
  }
  return profiles;
}

Result<std::string> WritePamStack(PamStack stack, std::string_view text,
                                  std::span<const PamProfile> enabled) {
  // What stands between a begin and an end is dropped. The four lines come in
  // this order, each once; a second one is text like any other.
  constexpr std::array<std::string_view, 4> kMarkers = {
      kPrimaryBegin, kPrimaryEnd, kAdditionalBegin, kAdditionalEnd};
  size_t next = 0;
  std::string out;
  for (const std::string& line : Lines(text)) {
    const bool is_marker =
        next < kMarkers.size() && line.starts_with(kMarkers[next]);
    const bool inside = next == 1 || next == 3;
    if (is_marker || !inside) out += line + "\n";
    if (!is_marker) continue;
    if (!inside) {
      TALLY_ASSIGN(
          const std::string block,
          WriteBlock(stack, next == 0 ? "Primary" : "Additional", enabled));
      out += block;
    }
    ++next;
  }
  if (next < kMarkers.size()) {
    return InputError("found no line " + Quote(kMarkers[next]));
  }
  return out;
}

}  // namespace tally
