#include "manifests/system_reader.h"

#include "common/text.h"
#include "manifests/guard_names.h"

namespace tally {
namespace {

std::optional<uint32_t> ReadAccountId(YamlMap& map, std::string_view key) {
  if (map.Find(key) == nullptr) return std::nullopt;
  return static_cast<uint32_t>(map.Number(key, 0, kMaxAccountId));
}

GroupSpec ReadGroup(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a group", {"name", "gid"});
  return {.name = map.Text("name", kAccountName),
          .gid = ReadAccountId(map, "gid"),
          .where = map.where()};
}

UserSpec ReadUser(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a user",
              {"name", "uid", "group", "groups", "comment", "home", "shell"});
  UserSpec user = {.name = map.Text("name", kAccountName),
                   .uid = ReadAccountId(map, "uid"),
                   .groups = map.UniqueTextsOrNone("groups", kAccountName),
                   .comment = map.TextOr("comment", kAccountText, ""),
                   .where = map.where()};
  user.group = map.TextOr("group", kAccountName, "");
  user.home = map.TextOr("home", kHomePath, user.home);
  user.shell = map.TextOr("shell", kImagePath, user.shell);
  return user;
}

std::vector<UnitSpec> ReadUnitList(YamlReader& reader, const YamlMap& map,
                                   std::string_view key) {
  std::vector<UnitSpec> units;
  const YamlNode* node = map.Find(key);
  if (node == nullptr) return units;
  reader.UniqueTexts(*node, kUnitName);
  for (const YamlNode& item : reader.Items(*node)) {
    units.push_back({.name = item.text, .where = item.where});
  }
  return units;
}

UnitsSpec ReadUnits(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "units",
              {"enable", "disable", "mask", "default_target"});
  UnitsSpec units = {.enable = ReadUnitList(reader, map, "enable"),
                     .disable = ReadUnitList(reader, map, "disable"),
                     .mask = ReadUnitList(reader, map, "mask")};
  if (const YamlNode* target = map.Find("default_target")) {
    units.default_target = {.name = reader.Text(*target, kUnitName),
                            .where = target->where};
    if (!units.default_target->name.ends_with(".target")) {
      reader.RefuseFound(*target, "the name of a target unit");
    }
  }
  return units;
}

AlternativeSpec ReadAlternative(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an alternative", {"name", "path"});
  return {.name = map.Text("name", kAlternativeName),
          .path = map.Text("path", kImagePath),
          .where = map.where()};
}

CapabilitySpec ReadCapability(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a capability", {"path", "capabilities"});
  return {.path = map.Text("path", kImagePath),
          .capabilities = map.Text("capabilities", kPrintable),
          .where = map.where()};
}

ScriptSpec ReadScript(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "a script",
              {"package", "script", "sha256", "actions", "reason"});
  return {.package = map.Text("package", kPackageName),
          .script = reader.OneOf(map.Need("script"),
                                 {"postinst", "preinst", "triggers"}),
          .sha256 = reader.Sha256(map.Need("sha256")),
          .actions = reader.Texts(map.Need("actions"), kActionText),
          .reason = map.Text("reason", kArgument),
          .where = map.where()};
}

AllowSpec ReadAllow(YamlReader& reader, const YamlNode& node) {
  YamlMap map(reader, node, "an allowance", {"guard", "path", "reason"});
  const std::vector<std::string> guards = GuardNames();
  AllowSpec allow = {.guard = map.Text("guard", kPrintable),
                     .path = map.Text("path", kImagePath),
                     .reason = map.Text("reason", kArgument),
                     .where = map.where()};
  for (const std::string& guard : guards) {
    if (guard == allow.guard) return allow;
  }
  const auto nearest = NearestName(allow.guard, guards);
  reader.Refuse(
      map.Need("guard").where,
      "found guard " + Quote(allow.guard) + ", expected one of " +
          Join(guards, ", ") +
          (nearest ? " (did you mean " + Quote(*nearest) + "?)" : ""));
  return allow;
}

}  // namespace

SystemSpec ReadSystem(YamlReader& reader, const YamlNode& node) {
  YamlMap map(
      reader, node, "system",
      {"hostname", "machine_id", "timezone", "locale", "users", "groups",
       "units", "alternatives", "capabilities", "scripts", "allow"});
  const auto text = [&](std::string_view key, const TextRule& rule) {
    const YamlNode* value = map.Find(key);
    return value == nullptr
               ? std::nullopt
               : std::optional<std::string>(reader.Text(*value, rule));
  };
  SystemSpec system = {
      .hostname = text("hostname", kHostName),
      .machine_id = text("machine_id", kMachineId),
      .timezone = text("timezone", kTimeZone),
      .locale = text("locale", kLocaleName),
      .users = map.ListOrNone("users", ReadUser),
      .groups = map.ListOrNone("groups", ReadGroup),
      .alternatives = map.ListOrNone("alternatives", ReadAlternative),
      .capabilities = map.ListOrNone("capabilities", ReadCapability),
      .scripts = map.ListOrNone("scripts", ReadScript),
      .allow = map.ListOrNone("allow", ReadAllow)};
  if (const YamlNode* units = map.Find("units")) {
    system.units = ReadUnits(reader, *units);
  }
  return system;
}

}  // namespace tally
