#include "builder/resolve_tree.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

// QualifierFits: a package is of our architecture or of all of them, so the
// only question is ":any", which needs the package's consent (Multi-Arch
// specification; policy 7.1 leaves it to that).
bool QualifierFits(const BinaryPackage& package, std::string_view qualifier,
                   std::string_view architecture) {
  if (qualifier.empty() || qualifier == architecture) return true;
  return qualifier == "any" &&
         (package.multi_arch == "allowed" || package.multi_arch == "foreign");
}

// A provided relation "x (= 2)" stands for a package x of that version
// (policy 7.5).
bool Provides(const BinaryPackage& package, const Relation& relation) {
  const auto provides = ParseRelations(package.provides);
  if (!provides) return false;
  return std::ranges::any_of(*provides, [&](const Alternatives& provided) {
    return provided[0].package == relation.package &&
           Satisfies(provided[0].version, relation);
  });
}

}  // namespace

bool Fulfils(const Candidate& candidate, const Relation& relation,
             std::string_view architecture) {
  const BinaryPackage& package = *candidate.package;
  if (!QualifierFits(package, relation.qualifier, architecture)) return false;
  if (package.name == relation.package &&
      Satisfies(package.version, relation)) {
    return true;
  }
  return !package.provides.empty() && Provides(package, relation);
}

Result<std::vector<Alternatives>> ReadRelations(const Candidate& candidate,
                                                std::string_view field_name,
                                                std::string_view value) {
  auto relations = ParseRelations(value);
  if (!relations) {
    return std::move(relations).error().While(
        "reading " + std::string(field_name) + " of package " +
        ToString(candidate));
  }
  return relations;
}

Status TreePackages::Add(const Candidate& candidate, std::string_view parent,
                         const Location& where) {
  const BinaryPackage& package = *candidate.package;
  const Node node = {.candidate = candidate, .parent = parent, .where = where};
  if (!nodes_.emplace(package.name, node).second) return Ok();
  TALLY_ASSIGN(const auto provides,
               ReadRelations(candidate, "Provides", package.provides));
  for (const Alternatives& provided : provides) {
    auto& by = provided_[provided[0].package];
    by.insert(std::ranges::upper_bound(by, package.name), package.name);
  }
  return Ok();
}

const TreePackages::Node* TreePackages::Find(std::string_view name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

const TreePackages::Node* TreePackages::Fulfilling(
    const Relation& relation, std::string_view except) const {
  const auto fits = [&](const Node* node) {
    return node != nullptr && node->candidate.package->name != except &&
           Fulfils(node->candidate, relation, architecture_);
  };
  if (const Node* node = Find(relation.package); fits(node)) return node;
  const auto providers = provided_.find(relation.package);
  if (providers == provided_.end()) return nullptr;
  for (const std::string_view name : providers->second) {
    if (const Node* node = Find(name); fits(node)) return node;
  }
  return nullptr;
}

std::string TreePackages::Chain(std::string_view name) const {
  std::string chain(name);
  for (const Node* node = Find(name); node != nullptr && !node->parent.empty();
       node = Find(node->parent)) {
    chain = std::string(node->parent) + " > " + chain;
  }
  return chain;
}

Result<std::optional<TreePackages::Conflict>> TreePackages::FindConflict()
    const {
  for (const auto& entry : nodes_) {
    TALLY_ASSIGN(std::optional<Conflict> found, FindConflictOf(entry.second));
    if (found) return found;
  }
  return std::optional<Conflict>();
}

Result<std::optional<TreePackages::Conflict>> TreePackages::FindConflictOf(
    const Node& node) const {
  const BinaryPackage& package = *node.candidate.package;
  const std::array<std::pair<const char*, std::string_view>, 2> fields = {{
      {"Conflicts", package.conflicts},
      {"Breaks", package.breaks},
  }};
  for (const auto& [field_name, value] : fields) {
    TALLY_ASSIGN(const auto groups,
                 ReadRelations(node.candidate, field_name, value));
    for (const Alternatives& group : groups) {
      for (const Relation& relation : group) {
        if (!AppliesTo(relation, architecture_)) continue;
        // A package may provide what it conflicts with: then it wants to be the
        // only one (policy 7.6.2).
        const Node* other = Fulfilling(relation, package.name);
        if (other == nullptr) continue;
        const std::string_view name = other->candidate.package->name;
        Error error =
            InputError(Quote(ToString(node.candidate)) + " and " +
                       Quote(ToString(other->candidate)) +
                       " can not be in one tree: the former has '" +
                       field_name + ": " + FormatRelation(relation) + "'")
                .While("needing both " + Chain(package.name) + " and " +
                       Chain(name));
        return std::optional<Conflict>(Conflict{
            .package = package.name, .other = name, .error = std::move(error)});
      }
    }
  }
  return std::optional<Conflict>();
}

}  // namespace tally
