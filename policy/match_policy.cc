#include "policy/match_policy.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/file.h"
#include "common/text.h"
#include "manifests/yaml_reader.h"

namespace tally {
namespace {

constexpr uint64_t kMaxPolicyBytes = 1 << 20;
constexpr uint64_t kMaxVmpl = 3;
constexpr uint64_t kMaxSvn = uint64_t{1} << 53;
constexpr size_t kMaxIdentityBytes = 4096;

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '_' || c == '-' || c == ':';
         });
}

bool IsLowerHex(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 &&
         text.size() <= 2 * kMaxIdentityBytes &&
         std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool IsReason(std::string_view text) {
  return !text.empty() && text.size() <= 500 &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Hexadecimal of digits only looks like a number to YAML: it must be quoted, as
// the reader's error says.
constexpr TextRule kHexBytes = {
    "bytes in lower-case hexadecimal, two digits each", IsLowerHex};
constexpr TextRule kAdvisory = {"the name of an advisory (INTEL-SA-00289)",
                                IsName};
constexpr TextRule kReason = {
    "a reason, at most 500 printable ASCII characters", IsReason};

// EntriesOf returns the entries of a map whose keys are names that the policy's
// author chooses among the evidence's.
const std::vector<YamlEntry>& EntriesOf(YamlReader& reader,
                                        const YamlNode& node,
                                        std::string_view what) {
  if (node.kind != YamlKind::kMap) {
    reader.RefuseFound(node, what);
  }
  for (const YamlEntry& entry : node.entries) {
    if (IsName(entry.key)) continue;
    reader.Refuse(entry.where, "found key " + Quote(entry.key) +
                                   ", expected the name of a claim");
  }
  return node.entries;
}

void ReadVmpl(YamlReader& reader, const YamlNode& node, MatchPolicy* policy) {
  policy->vmpl.clear();
  for (const YamlNode& item : reader.Items(node)) {
    const auto level = static_cast<uint32_t>(reader.Number(item, 0, kMaxVmpl));
    if (!policy->vmpl.insert(level).second) {
      reader.RefuseFound(item, "each once");
    }
  }
  if (policy->vmpl.empty()) {
    reader.Refuse(node.where, "found no level, expected one or more");
  }
}

void ReadIdentities(YamlReader& reader, const YamlNode& node,
                    MatchPolicy* policy) {
  for (const YamlEntry& entry :
       EntriesOf(reader, node, "a map from claims to allowed values")) {
    std::vector<Bytes>& values = policy->identities[entry.key];
    for (const std::string& text : reader.UniqueTexts(entry.value, kHexBytes)) {
      const Result<Bytes> value = ParseHex(text);
      if (value) values.push_back(*value);
    }
    if (values.empty()) {
      reader.Refuse(entry.where, "found no value, expected one or more");
    }
  }
}

void ReadMinimumTcb(YamlReader& reader, const YamlNode& node,
                    MatchPolicy* policy) {
  for (const YamlEntry& entry :
       EntriesOf(reader, node, "a map from components to numbers")) {
    policy->minimum_tcb.push_back(
        {.name = entry.key, .svn = reader.Number(entry.value, 0, kMaxSvn)});
  }
}

void ReadTcbStatuses(YamlReader& reader, const YamlNode& node,
                     MatchPolicy* policy) {
  // Intel SGX DCAP, sgx_qve_header.h and the PCS API's "tcbStatus".
  policy->tcb_statuses.clear();
  for (const YamlNode& item : reader.Items(node)) {
    policy->tcb_statuses.insert(reader.OneOf(
        item, {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
               "ConfigurationAndSWHardeningNeeded", "OutOfDate",
               "OutOfDateConfigurationNeeded", "TDRelaunchAdvised",
               "TDRelaunchAdvisedConfigurationNeeded", "unknown"}));
  }
}

RegisterRule ReadRule(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a rule for a register", {"use", "reason"});
  RegisterRule rule;
  const std::string use =
      reader.OneOf(map.Need("use"), {"match", "replayed", "ignored"});
  if (use == "replayed") rule.use = RegisterUse::kReplayed;
  if (use == "ignored") rule.use = RegisterUse::kIgnored;
  if (rule.use == RegisterUse::kMatch) {
    rule.reason = map.TextOr("reason", kReason, "");
  } else {
    // What does not have to match is a hole: somebody must answer for it.
    rule.reason = map.Text("reason", kReason);
  }
  return rule;
}

void ReadRegisters(YamlReader& reader, const YamlNode& node,
                   MatchPolicy* policy) {
  for (const YamlEntry& entry :
       EntriesOf(reader, node, "a map from registers to rules")) {
    policy->registers[entry.key] = ReadRule(reader, entry.value);
  }
}

MatchPolicy ReadPolicy(YamlReader& reader, const YamlNode& root) {
  MatchPolicy policy;
  YamlMap map(reader, root, "a policy",
              {"tally_policy", "allow_debug", "allow_migration", "vmpl",
               "require_nonce", "identities", "minimum_tcb", "tcb_statuses",
               "advisories", "registers"});
  // Another version may have other keys and rules.
  map.Number("tally_policy", 1, 1);
  policy.allow_debug = map.FlagOr("allow_debug", policy.allow_debug);
  policy.allow_migration =
      map.FlagOr("allow_migration", policy.allow_migration);
  policy.require_nonce = map.FlagOr("require_nonce", policy.require_nonce);
  const auto read = [&](std::string_view key, auto function) {
    const YamlNode* node = map.Find(key);
    if (node != nullptr) function(reader, *node, &policy);
  };
  read("vmpl", ReadVmpl);
  read("identities", ReadIdentities);
  read("minimum_tcb", ReadMinimumTcb);
  read("tcb_statuses", ReadTcbStatuses);
  read("registers", ReadRegisters);
  if (const YamlNode* advisories = map.Find("advisories")) {
    const auto names = reader.UniqueTexts(*advisories, kAdvisory);
    policy.advisories.emplace(names.begin(), names.end());
  }
  return policy;
}

}  // namespace

Result<MatchPolicy> ParseMatchPolicy(std::string_view text,
                                     const std::filesystem::path& path) {
  TALLY_ASSIGN(const YamlNode root, ParseYaml(text, path, YamlFlow::kAny));
  YamlReader reader(path);
  MatchPolicy policy = ReadPolicy(reader, root);
  TALLY_TRY(reader.status());
  return policy;
}

Result<MatchPolicy> LoadMatchPolicy(const std::filesystem::path& path) {
  TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxPolicyBytes));
  return ParseMatchPolicy(text, path);
}

}  // namespace tally
