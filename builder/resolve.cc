#include "builder/resolve.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "builder/resolve_tree.h"
#include "common/check.h"
#include "common/text.h"
#include "manifests/manifest_checks.h"

namespace tally {
namespace {

// Choice is what an alternative comes to.
struct Choice {
  enum class Kind {
    kNone,       // nothing offers it
    kPackage,    // `package`
    kOmitted,    // the manifest omits what would be chosen
    kAmbiguous,  // several packages provide it: `providers`
  };
  Kind kind = Kind::kNone;
  const Candidate* package = nullptr;
  std::vector<std::string_view> providers;
};

class Resolver {
 public:
  Resolver(const Manifest& manifest, const Catalog& catalog)
      : manifest_(manifest), catalog_(catalog), trees_(RequestsOf(manifest)) {}

  Result<std::vector<ResolvedPackage>> Run();

 private:
  Status CollectPins();
  Status ResolveTrees(std::vector<TreePackages>& trees);
  Status ResolveTree(const TreeRequests& requests, TreePackages& tree);
  Status AddRequest(const PackageRequest& request, TreePackages& tree);
  Error UnknownRequest(const PackageRequest& request) const;
  Status AddDependencies(const TreeRequests& requests, std::string_view name,
                         TreePackages& tree,
                         std::deque<std::string_view>& queue);
  Status AddDependency(const TreeRequests& requests,
                       const Alternatives& alternatives, std::string_view name,
                       TreePackages& tree, std::deque<std::string_view>& queue);
  Result<Choice> Choose(const Alternatives& alternatives,
                        const TreeRequests& requests) const;
  const Candidate* Preferred(const Alternatives& alternatives) const;
  Choice ChooseOne(const Relation& relation,
                   const TreeRequests& requests) const;
  Error Unmet(const Alternatives& alternatives, const TreePackages& tree,
              std::string_view name) const;

  std::vector<const Candidate*> CandidatesOf(std::string_view name) const;
  const Candidate* FirstFulfilling(std::string_view name,
                                   const Relation& relation) const;
  void Settle(const Candidate& candidate);
  Status SettleConflicts(const std::vector<TreePackages>& trees);
  bool MoveOn(const Candidate& candidate);
  bool WouldMoveBack(const Choice& choice) const;
  const Candidate* Kept(const Alternatives& alternatives,
                        const TreeRequests& requests) const;

  const Manifest& manifest_;
  const Catalog& catalog_;
  const std::vector<TreeRequests> trees_;
  std::map<std::string_view, const PackageRequest*> pins_;
  // A package is the first of its candidates, until a dependency needs a later
  // one: then it is that one everywhere, and resolution begins again. The
  // numbers only grow, so it ends.
  std::map<std::string_view, size_t> settled_;
  bool again_ = false;
};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Result<std::vector<ResolvedPackage>> Resolver::Run() {
  TALLY_TRY(CollectPins());
  std::vector<TreePackages> trees;
  do {
    again_ = false;
    trees.clear();
    TALLY_TRY(ResolveTrees(trees));
    if (!again_) TALLY_TRY(SettleConflicts(trees));
  } while (again_);

  std::map<std::string_view, ResolvedPackage> packages;
  for (size_t i = 0; i < trees.size(); ++i) {
    for (const auto& [name, node] : trees[i].nodes()) {
      ResolvedPackage& package = packages[name];
      package.candidate = node.candidate;
      package.why[trees_[i].tree] = trees[i].Chain(name);
    }
  }
  std::vector<ResolvedPackage> sorted;
  for (auto& entry : packages) sorted.push_back(std::move(entry.second));
  return sorted;
}

// A suite named for a package in one tree counts in all of them: an image has
// one version of a package.
Status Resolver::CollectPins() {
  for (const TreeRequests& tree : trees_) {
    for (const PackageRequest& request : tree.packages) {
      if (!request.suite) continue;
      const auto [pin, added] = pins_.emplace(request.name, &request);
      if (!added && pin->second->suite != request.suite) {
        return InputError(At(manifest_, request.where) + ": found package " +
                          Quote(request.name) + " from suite " +
                          Quote(*request.suite) + ", expected " +
                          Quote(*pin->second->suite) + " as at " +
                          At(manifest_, pin->second->where));
      }
    }
  }
  return Ok();
}

Status Resolver::ResolveTrees(std::vector<TreePackages>& trees) {
  for (const TreeRequests& requests : trees_) {
    trees.emplace_back(manifest_.architecture);
    Status status = ResolveTree(requests, trees.back());
    if (again_) return Ok();
    if (!status) {
      return std::move(status).error().While("resolving the packages of " +
                                             requests.tree);
    }
  }
  return Ok();
}

Status Resolver::ResolveTree(const TreeRequests& requests, TreePackages& tree) {
  std::deque<std::string_view> queue;
  // All requests first: they decide alternatives of each other's dependencies.
  for (const PackageRequest& request : requests.packages) {
    TALLY_TRY(AddRequest(request, tree));
    queue.push_back(request.name);
  }
  if (TakesOnePackage(requests.tree)) return Ok();
  // Breadth first: the chain in the lock is a shortest one.
  while (!queue.empty() && !again_) {
    const std::string_view name = queue.front();
    queue.pop_front();
    TALLY_TRY(AddDependencies(requests, name, tree, queue));
  }
  return Ok();
}

Status Resolver::AddRequest(const PackageRequest& request, TreePackages& tree) {
  const std::vector<const Candidate*> candidates = CandidatesOf(request.name);
  if (candidates.empty()) return UnknownRequest(request);
  return tree.Add(*candidates[0], {}, request.where);
}

Error Resolver::UnknownRequest(const PackageRequest& request) const {
  const std::string where = At(manifest_, request.where) + ": ";
  const auto elsewhere = catalog_.Find(request.name);
  if (!elsewhere.empty()) {
    return InputError(where + "suite " + Quote(*pins_.at(request.name)->suite) +
                      " has no package " + Quote(request.name))
        .Hint("there is " + ToString(elsewhere[0]));
  }
  std::vector<std::string> suites;
  for (const SuiteIndex& suite : catalog_.suites()) {
    suites.push_back(suite.suite);
  }
  std::string text = where + "found package " + Quote(request.name) +
                     ", expected one of suite " + Join(suites, ", ");
  std::vector<std::string> providers;
  for (const std::string_view by : catalog_.Providers(request.name)) {
    providers.emplace_back(by);
  }
  if (!providers.empty()) {
    return InputError(text).Hint(
        "it is a virtual package, name one that provides it: " +
        Join(providers, ", "));
  }
  if (const auto nearest = catalog_.Nearest(request.name)) {
    text += " (did you mean " + Quote(*nearest) + "?)";
  }
  return InputError(text);
}

Status Resolver::AddDependencies(const TreeRequests& requests,
                                 std::string_view name, TreePackages& tree,
                                 std::deque<std::string_view>& queue) {
  const Candidate candidate = tree.Find(name)->candidate;
  const BinaryPackage& package = *candidate.package;
  TALLY_ASSIGN(auto groups,
               ReadRelations(candidate, "Pre-Depends", package.pre_depends));
  TALLY_ASSIGN(const auto depends,
               ReadRelations(candidate, "Depends", package.depends));
  groups.insert(groups.end(), depends.begin(), depends.end());
  for (const Alternatives& group : groups) {
    Alternatives applicable;
    for (const Relation& relation : group) {
      if (AppliesTo(relation, manifest_.architecture)) {
        applicable.push_back(relation);
      }
    }
    if (applicable.empty()) continue;
    TALLY_TRY(AddDependency(requests, applicable, name, tree, queue));
    if (again_) return Ok();
  }
  return Ok();
}

Status Resolver::AddDependency(const TreeRequests& requests,
                               const Alternatives& alternatives,
                               std::string_view name, TreePackages& tree,
                               std::deque<std::string_view>& queue) {
  for (const Relation& relation : alternatives) {
    if (tree.Fulfilling(relation) != nullptr) return Ok();
  }
  Result<Choice> choice = Choose(alternatives, requests);
  if (!choice)
    return std::move(choice).error().While("needing " + tree.Chain(name));
  if (choice->kind == Choice::Kind::kOmitted) return Ok();
  // A locked package fits what was locked with it: where that has moved, it
  // moves on as well.
  if ((choice->kind == Choice::Kind::kNone || WouldMoveBack(*choice)) &&
      MoveOn(tree.Find(name)->candidate)) {
    return Ok();
  }
  if (choice->kind == Choice::Kind::kNone) {
    return Unmet(alternatives, tree, name);
  }
  Settle(*choice->package);
  if (again_) return Ok();
  const std::string_view chosen = choice->package->package->name;
  if (tree.Find(chosen) != nullptr) return Unmet(alternatives, tree, name);
  TALLY_TRY(tree.Add(*choice->package, name, tree.Find(name)->where));
  queue.push_back(chosen);
  return Ok();
}

// Choose takes what the manifest prefers, else what is locked, else the first
// alternative that is to be had. One with several providers is passed over if a
// later one is clear.
Result<Choice> Resolver::Choose(const Alternatives& alternatives,
                                const TreeRequests& requests) const {
  if (const Candidate* preferred = Preferred(alternatives)) {
    return Choice{.kind = Choice::Kind::kPackage, .package = preferred};
  }
  if (const Candidate* kept = Kept(alternatives, requests)) {
    return Choice{.kind = Choice::Kind::kPackage, .package = kept};
  }
  std::optional<Choice> ambiguous;
  for (const Relation& relation : alternatives) {
    Choice choice = ChooseOne(relation, requests);
    if (choice.kind == Choice::Kind::kPackage ||
        choice.kind == Choice::Kind::kOmitted) {
      return choice;
    }
    if (choice.kind == Choice::Kind::kAmbiguous && !ambiguous) {
      ambiguous = std::move(choice);
    }
  }
  if (!ambiguous) return Choice{};
  std::vector<std::string> names(ambiguous->providers.begin(),
                                 ambiguous->providers.end());
  return InputError("several packages provide " +
                    Quote(FormatAlternatives(alternatives)) + ": " +
                    Join(names, ", "))
      .Hint(
          "name one of them under 'prefer' in the manifest, or among the "
          "packages");
}

const Candidate* Resolver::Preferred(const Alternatives& alternatives) const {
  for (const std::string& name : manifest_.prefer) {
    for (const Relation& relation : alternatives) {
      if (const Candidate* found = FirstFulfilling(name, relation))
        return found;
    }
  }
  return nullptr;
}

// Kept returns the first alternative that is locked, or is provided by what is.
// An omitted one ends the search: then the rules decide as they did for the
// lock.
const Candidate* Resolver::Kept(const Alternatives& alternatives,
                                const TreeRequests& requests) const {
  for (const Relation& relation : alternatives) {
    if (Contains(requests.omit, relation.package)) return nullptr;
    std::vector<std::string_view> names = {relation.package};
    const auto providers = catalog_.Providers(relation.package);
    names.insert(names.end(), providers.begin(), providers.end());
    for (const std::string_view name : names) {
      const Candidate* found = FirstFulfilling(name, relation);
      if (found != nullptr && found->package->locked &&
          !Contains(requests.omit, name)) {
        return found;
      }
    }
  }
  return nullptr;
}

Choice Resolver::ChooseOne(const Relation& relation,
                           const TreeRequests& requests) const {
  if (Contains(requests.omit, relation.package)) {
    return {.kind = Choice::Kind::kOmitted};
  }
  if (const Candidate* found = FirstFulfilling(relation.package, relation)) {
    return {.kind = Choice::Kind::kPackage, .package = found};
  }
  Choice choice;
  bool omitted = false;
  for (const std::string_view by : catalog_.Providers(relation.package)) {
    const Candidate* found = FirstFulfilling(by, relation);
    if (found == nullptr) continue;
    if (Contains(requests.omit, by)) {
      omitted = true;
      continue;
    }
    choice.package = found;
    choice.providers.push_back(by);
  }
  if (choice.providers.size() > 1) {
    choice.kind = Choice::Kind::kAmbiguous;
  } else if (choice.providers.size() == 1) {
    choice.kind = Choice::Kind::kPackage;
  } else if (omitted) {
    choice.kind = Choice::Kind::kOmitted;
  }
  return choice;
}

Error Resolver::Unmet(const Alternatives& alternatives,
                      const TreePackages& tree, std::string_view name) const {
  const TreePackages::Node& node = *tree.Find(name);
  std::string there;
  for (const Relation& relation : alternatives) {
    const TreePackages::Node* chosen = tree.Find(relation.package);
    const auto candidates = CandidatesOf(relation.package);
    const Candidate* found = chosen != nullptr    ? &chosen->candidate
                             : candidates.empty() ? nullptr
                                                  : candidates[0];
    if (found != nullptr)
      there += (there.empty() ? "" : ", ") + ToString(*found);
  }
  if (there.empty()) there = "no such package";
  return InputError(At(manifest_, node.where) + ": found " + there +
                    ", expected " + Quote(FormatAlternatives(alternatives)) +
                    " for package " + ToString(node.candidate))
      .While("needing " + tree.Chain(name));
}

// CandidatesOf returns what the name may still be: of the suite that the
// manifest names, or all; from the settled one on.
std::vector<const Candidate*> Resolver::CandidatesOf(
    std::string_view name) const {
  std::vector<const Candidate*> candidates;
  const auto pin = pins_.find(name);
  for (const Candidate& candidate : catalog_.Find(name)) {
    if (pin == pins_.end() || candidate.suite->suite == *pin->second->suite) {
      candidates.push_back(&candidate);
    }
  }
  const auto settled = settled_.find(name);
  if (settled != settled_.end()) {
    candidates.erase(
        candidates.begin(),
        candidates.begin() + static_cast<std::ptrdiff_t>(settled->second));
  }
  return candidates;
}

const Candidate* Resolver::FirstFulfilling(std::string_view name,
                                           const Relation& relation) const {
  for (const Candidate* candidate : CandidatesOf(name)) {
    if (Fulfils(*candidate, relation, manifest_.architecture)) {
      return candidate;
    }
  }
  return nullptr;
}

void Resolver::Settle(const Candidate& candidate) {
  const std::string_view name = candidate.package->name;
  const std::vector<const Candidate*> candidates = CandidatesOf(name);
  const auto found = std::ranges::find(candidates, &candidate);
  TALLY_CHECK(found != candidates.end());
  if (found == candidates.begin()) return;
  settled_[name] += static_cast<size_t>(found - candidates.begin());
  again_ = true;
}

// MoveOn lets go of a locked package if there is another of its name.
bool Resolver::MoveOn(const Candidate& candidate) {
  const std::string_view name = candidate.package->name;
  if (!candidate.package->locked || CandidatesOf(name).size() < 2) return false;
  ++settled_[name];
  again_ = true;
  return true;
}

// WouldMoveBack: the choice is not what would be taken for itself, and nothing
// locked is in the way of that.
bool Resolver::WouldMoveBack(const Choice& choice) const {
  if (choice.kind != Choice::Kind::kPackage) return false;
  const auto candidates = CandidatesOf(choice.package->package->name);
  return candidates[0] != choice.package && !candidates[0]->package->locked;
}

// SettleConflicts: of two packages that can not be together, a locked one moves
// on; first the one that the other refuses.
Status Resolver::SettleConflicts(const std::vector<TreePackages>& trees) {
  for (const TreePackages& tree : trees) {
    TALLY_ASSIGN(const auto conflict, tree.FindConflict());
    if (!conflict) continue;
    for (const std::string_view name : {conflict->other, conflict->package}) {
      if (MoveOn(tree.Find(name)->candidate)) return Ok();
    }
    return conflict->error;
  }
  return Ok();
}

}  // namespace

Result<std::vector<ResolvedPackage>> Resolve(const Manifest& manifest,
                                             const Catalog& catalog) {
  return Resolver(manifest, catalog).Run();
}

}  // namespace tally
