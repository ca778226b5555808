// What `systemctl enable`, `preset`, `mask` and `set-default` of systemd 252
// write below a root (src/shared/install.c), and `deb-systemd-helper enable` of
// init-system-helpers 1.65 through them.
#include "builder/generate/units.h"

#include <map>
#include <set>
#include <string>

#include "builder/generate/unit_lookup.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kUnitsGenerator = "units";
constexpr size_t kMaxUnits = 10000;  // that are enabled, with all of Also=

// WhoAsked decides what is an error: a script's enable that comes to nothing is
// no news to anybody, a line of the manifest that does is.
enum class WhoAsked { kAction, kManifest };

struct UnitRequest {
  UnitName unit;
  WhoAsked who = WhoAsked::kAction;
};

// Planner collects the links for one scope; nothing is written before all of
// them are known, so that no link changes what a later name means.
class Planner {
 public:
  Planner(UnitScope scope, const Tree& tree) : lookup_(scope, tree) {}

  const UnitLookup& lookup() const { return lookup_; }

  // Existing returns the unit, or says that there is none.
  Result<FoundUnit> Existing(const UnitName& name) const {
    TALLY_ASSIGN(std::optional<FoundUnit> found, lookup_.Find(name));
    if (found) return *std::move(found);
    return InputError("unit " + Quote(name.ToString()) +
                      " is not in the image" +
                      lookup_.Nearest(name.ToString()));
  }

  // Disable keeps a unit, and all instances of a template, from being enabled
  // in any way.
  void Disable(const FoundUnit& unit) {
    disabled_.insert(unit.name.ToString());
  }
  void Mask(const UnitName& name) { masked_.insert(name.ToString()); }
  void KeepDefaultTarget() { keep_default_target_ = true; }

  bool IsMasked(const UnitName& name) const { return Has(masked_, name); }
  bool IsDisabled(const UnitName& name) const { return Has(disabled_, name); }

  // Enable plans the links of a unit and of all that it names under Also=.
  Status Enable(const UnitRequest& request) {
    std::vector<UnitRequest> todo = {request};
    while (!todo.empty()) {
      const UnitRequest next = std::move(todo.back());
      todo.pop_back();
      TALLY_TRY(EnableOne(next, &todo));
    }
    return Ok();
  }

  // Links maps tree paths to the targets of links.
  const std::map<std::string, std::string>& links() const { return links_; }

 private:
  static bool Has(const std::set<std::string>& names, const UnitName& name) {
    return names.contains(name.ToString()) ||
           (name.kind == UnitName::Kind::kInstance &&
            names.contains(name.TemplateName()));
  }

  Status EnableOne(const UnitRequest& request, std::vector<UnitRequest>* todo) {
    TALLY_ASSIGN(const std::optional<FoundUnit> unit,
                 lookup_.Find(request.unit));
    // Only units under Also= can be unknown here; systemctl goes on as well.
    if (!unit || unit->masked || IsMasked(request.unit) ||
        IsMasked(unit->name) || IsDisabled(unit->name) ||
        !visited_.insert(unit->name.ToString()).second) {
      return Ok();
    }
    if (visited_.size() > kMaxUnits) {
      return InputError("more than " + std::to_string(kMaxUnits) +
                        " units to enable");
    }
    TALLY_ASSIGN(const UnitInstall install, lookup_.Install(*unit));
    if (install.empty() && request.who == WhoAsked::kManifest) {
      return InputError("unit " + Quote(unit->name.ToString()) +
                        " has nothing in [Install], expected a unit that can "
                        "be enabled")
          .Hint("other units, sockets, timers or D-Bus start it");
    }
    TALLY_ASSIGN(const UnitName instance, DefaultInstance(*unit, install));
    const auto wants = [&](const std::vector<InstallValue>& list,
                           std::string_view suffix) {
      return PlanWants(request, *unit, instance, list, suffix);
    };
    TALLY_TRY(PlanAliases(*unit, instance, install.aliases));
    TALLY_TRY(wants(install.wanted_by, ".wants"));
    TALLY_TRY(wants(install.required_by, ".requires"));
    TALLY_TRY(wants(install.upheld_by, ".upholds"));
    for (const InstallValue& also : install.also) {
      TALLY_ASSIGN(UnitName name, NameIn(instance, also));
      todo->push_back({.unit = std::move(name), .who = WhoAsked::kAction});
    }
    return Ok();
  }

  static Error At(const InstallValue& value, const std::string& message) {
    return InputError("'/" + value.source + "' line " +
                      std::to_string(value.line) + ": " + message);
  }

  // NameIn expands and checks a name in [Install] of the unit `instance`.
  static Result<UnitName> NameIn(const UnitName& instance,
                                 const InstallValue& value) {
    const Result<std::string> text = ExpandSpecifiers(value.text, instance);
    if (!text) return At(value, text.error().message());
    Result<UnitName> name = ParseUnitName(*text);
    if (!name) return At(value, name.error().message());
    return name;
  }

  // DefaultInstance returns the instance of a template that is enabled without
  // one, if it has a default; else the name as it is.
  static Result<UnitName> DefaultInstance(const FoundUnit& unit,
                                          const UnitInstall& install) {
    if (unit.name.kind != UnitName::Kind::kTemplate ||
        !install.default_instance) {
      return unit.name;
    }
    const InstallValue& value = *install.default_instance;
    const Result<std::string> text = ExpandSpecifiers(value.text, unit.name);
    if (!text) return At(value, text.error().message());
    if (!IsUnitInstance(*text)) {
      return At(value, "found instance " + Quote(*text) +
                           ", expected letters, digits and ':-_.\\@'");
    }
    return unit.name.WithInstance(*text);
  }

  // PlanAliases: an alias that is a template takes the instance along.
  Status PlanAliases(const FoundUnit& unit, const UnitName& instance,
                     const std::vector<InstallValue>& aliases) {
    for (const InstallValue& value : aliases) {
      TALLY_ASSIGN(UnitName alias, NameIn(instance, value));
      if (alias.kind == UnitName::Kind::kTemplate &&
          unit.name.kind == UnitName::Kind::kInstance) {
        alias = alias.WithInstance(unit.name.instance);
      }
      if (alias == unit.name) continue;
      if (!MayAlias(alias, unit.name)) {
        return At(value, "found alias " + Quote(alias.ToString()) + " of " +
                             Quote(unit.name.ToString()) +
                             ", expected a name of the same kind and type");
      }
      const bool reserved =
          keep_default_target_ && alias.ToString() == "default.target";
      if (reserved || IsMasked(alias)) continue;
      TALLY_TRY(AddLink("/" + alias.ToString(), unit));
    }
    return Ok();
  }

  // PlanWants puts the unit into the .wants directories of others.
  Status PlanWants(const UnitRequest& request, const FoundUnit& unit,
                   const UnitName& instance,
                   const std::vector<InstallValue>& list,
                   std::string_view suffix) {
    for (const InstallValue& value : list) {
      TALLY_ASSIGN(const UnitName target, NameIn(instance, value));
      if (instance.kind == UnitName::Kind::kTemplate &&
          target.kind == UnitName::Kind::kPlain) {
        if (request.who == WhoAsked::kAction) continue;  // as presets do
        return At(value, "found " + Quote(target.ToString()) +
                             " for the template " +
                             Quote(unit.name.ToString()) +
                             ", expected an instance to be enabled");
      }
      TALLY_TRY(AddLink("/" + target.ToString() + std::string(suffix) + "/" +
                            instance.ToString(),
                        unit));
    }
    return Ok();
  }

  Status AddLink(const std::string& below_config, const FoundUnit& unit) {
    const std::string path = lookup_.config_path() + below_config;
    const auto [link, is_new] = links_.emplace(path, unit.link_target);
    if (is_new || link->second == unit.link_target) return Ok();
    return InputError("'/" + path + "' would lead to both " +
                      Quote(link->second) + " and " + Quote(unit.link_target))
        .Hint("disable one of them: system: {units: {disable: [UNIT]}}");
  }

  UnitLookup lookup_;
  std::set<std::string> disabled_;
  std::set<std::string> masked_;
  std::set<std::string> visited_;
  bool keep_default_target_ = false;
  std::map<std::string, std::string> links_;
};

// UnitAt parses a name that the manifest gives.
Result<UnitName> UnitAt(const Manifest& manifest, const UnitSpec& spec) {
  Result<UnitName> name = ParseUnitName(spec.name);
  if (name) return name;
  return InputError(At(manifest, spec.where) + ": " + name.error().message());
}

Result<FoundUnit> ExistingAt(const Manifest& manifest, const UnitSpec& spec,
                             const Planner& planner) {
  TALLY_ASSIGN(const UnitName name, UnitAt(manifest, spec));
  Result<FoundUnit> unit = planner.Existing(name);
  if (unit) return unit;
  return InputError(At(manifest, spec.where) + ": " + unit.error().message());
}

// ReadRefusals takes in what the manifest does not want.
Status ReadRefusals(const Manifest& manifest, Planner* planner) {
  const UnitsSpec& units = manifest.system.units;
  for (const UnitSpec& spec : units.mask) {
    TALLY_ASSIGN(const UnitName name, UnitAt(manifest, spec));
    planner->Mask(name);
  }
  for (const UnitSpec& spec : units.disable) {
    TALLY_ASSIGN(const FoundUnit unit, ExistingAt(manifest, spec, *planner));
    planner->Disable(unit);
  }
  if (units.default_target) planner->KeepDefaultTarget();
  return Ok();
}

Status EnableFromManifest(const Manifest& manifest, Planner* planner) {
  for (const UnitSpec& spec : manifest.system.units.enable) {
    TALLY_ASSIGN(const UnitName name, UnitAt(manifest, spec));
    TALLY_ASSIGN(const FoundUnit unit, ExistingAt(manifest, spec, *planner));
    const auto refused = [&](const std::string& why) {
      return InputError(At(manifest, spec.where) + ": unit " +
                        Quote(spec.name) + " " + why +
                        ", expected one that may be enabled");
    };
    if (unit.masked || planner->IsMasked(name) ||
        planner->IsMasked(unit.name)) {
      return refused("is masked");
    }
    if (planner->IsDisabled(unit.name)) return refused("is disabled as well");
    Status enabled =
        planner->Enable({.unit = name, .who = WhoAsked::kManifest});
    if (!enabled) {
      return std::move(enabled).error().While(
          "enabling " + Quote(spec.name) + " of " + At(manifest, spec.where));
    }
  }
  return Ok();
}

// EnableFromActions follows the presets, as deb-systemd-helper does.
Status EnableFromActions(const std::vector<Action>& actions, ActionKind kind,
                         const Tree& tree, Planner* planner) {
  TALLY_ASSIGN(const std::vector<PresetRule> rules,
               planner->lookup().Presets());
  for (const Action& action : actions) {
    if (action.kind != kind) continue;
    const std::string doing = "enabling " + Quote(action.argument) +
                              " of package " + Quote(action.package);
    Result<UnitName> name = ParseUnitName(action.argument);
    if (!name) return std::move(name).error().While(doing);
    const PresetDecision decision = DecidePreset(rules, action.argument);
    if (decision.action != PresetAction::kEnable ||
        planner->IsDisabled(*name) || planner->IsMasked(*name)) {
      continue;
    }
    // Without systemd, nobody misses its units.
    if (tree.Resolve("usr/lib/systemd/systemd") != nullptr) {
      Result<FoundUnit> unit = planner->Existing(*name);
      if (!unit) return std::move(unit).error().While(doing);
    }
    std::vector<std::string> units = decision.instances;
    if (units.empty()) units.push_back(action.argument);
    for (const std::string& text : units) {
      TALLY_ASSIGN(UnitName unit, ParseUnitName(text));
      Status enabled = planner->Enable({.unit = std::move(unit)});
      if (!enabled) return std::move(enabled).error().While(doing);
    }
  }
  return Ok();
}

// PutLink makes a link that the manifest asks for: it wins over a link of a
// package, but neither over a file nor over the manifest's own entries.
Status PutLink(const Manifest& manifest, const UnitSpec& spec,
               const std::string& path, const std::string& target, Tree* tree) {
  const TreeNode* found = tree->Find(path);
  if (found != nullptr && found->type == NodeType::kSymlink &&
      found->symlink_target == target) {
    return Ok();
  }
  if (found != nullptr &&
      (found->type != NodeType::kSymlink || found->origin.kind == "manifest")) {
    return InputError(At(manifest, spec.where) + ": '/" + path +
                      "' is there already (" + found->origin.ToString() +
                      "), expected room for a link to " + Quote(target));
  }
  return tree->Set(path, GeneratedLink(kUnitsGenerator, target));
}

Status PutMasksAndDefault(const Manifest& manifest, const Planner& planner,
                          Tree* tree) {
  const UnitsSpec& units = manifest.system.units;
  const std::string directory = planner.lookup().config_path() + "/";
  for (const UnitSpec& spec : units.mask) {
    TALLY_TRY(
        PutLink(manifest, spec, directory + spec.name, "/dev/null", tree));
  }
  if (!units.default_target) return Ok();
  const UnitSpec& spec = *units.default_target;
  TALLY_ASSIGN(const FoundUnit unit, ExistingAt(manifest, spec, planner));
  const bool is_default = spec.name == "default.target";
  if (unit.name.type != "target" || is_default || unit.masked ||
      planner.IsMasked(unit.name)) {
    return InputError(At(manifest, spec.where) + ": found " + Quote(spec.name) +
                      ", expected a target that is not masked");
  }
  return PutLink(manifest, spec, directory + "default.target", unit.link_target,
                 tree);
}

// RemoveDisabledLinks removes links in /etc that packages ship to units that
// the manifest disables.
void RemoveDisabledLinks(const Planner& planner, Tree* tree) {
  const std::string directory = planner.lookup().config_path() + "/";
  std::vector<std::string> unwanted;
  for (auto at = tree->nodes().lower_bound(directory);
       at != tree->nodes().end() && at->first.starts_with(directory); ++at) {
    const TreeNode& node = at->second;
    if (node.type != NodeType::kSymlink || node.origin.kind != "package") {
      continue;
    }
    for (const std::string_view text :
         {BaseName(at->first), BaseName(node.symlink_target)}) {
      const Result<UnitName> name = ParseUnitName(text);
      if (name && planner.IsDisabled(*name)) {
        unwanted.push_back(at->first);
        break;
      }
    }
  }
  for (const std::string& path : unwanted) tree->Remove(path);
}

Status OfferLinks(const Planner& planner, Tree* tree) {
  for (const auto& [path, target] : planner.links()) {
    const auto offered =
        tree->Offer(path, GeneratedLink(kUnitsGenerator, target));
    if (!offered) return offered.error();
  }
  return Ok();
}

}  // namespace

Status GenerateUnits(const Manifest& manifest,
                     const std::vector<Action>& actions, Tree* tree) {
  Planner system(UnitScope::kSystem, *tree);
  TALLY_TRY(ReadRefusals(manifest, &system));
  TALLY_TRY(EnableFromManifest(manifest, &system));
  TALLY_TRY(EnableFromActions(actions, ActionKind::kEnable, *tree, &system));
  Planner user(UnitScope::kUser, *tree);
  TALLY_TRY(EnableFromActions(actions, ActionKind::kEnableUser, *tree, &user));

  TALLY_TRY(PutMasksAndDefault(manifest, system, tree));
  RemoveDisabledLinks(system, tree);
  TALLY_TRY(OfferLinks(system, tree));
  return OfferLinks(user, tree);
}

}  // namespace tally
