// Follows utils/update-alternatives.c of dpkg 1.21.
#include "builder/generate/alternatives.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "builder/merged_path.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kAlternativesGenerator = "alternatives";
constexpr size_t kMaxAlternatives = 4096;  // actions; far above any system

// Link is one of the names of a group: LINK -> /etc/alternatives/NAME -> PATH.
struct Link {
  std::string link;
  std::string name;
  std::string path;

  bool operator==(const Link&) const = default;
};

// AlternativeCandidate is one action: a program that offers itself.
struct AlternativeCandidate {
  Link master;
  int32_t priority = 0;
  std::vector<Link> slaves;
  std::string package;
  size_t order = 0;  // among all alternatives: who came first
};

// Group has the candidates of one master name by path.
struct Group {
  std::string link;
  std::map<std::string, AlternativeCandidate> candidates;
};
using Groups = std::map<std::string, Group>;

std::string Who(const AlternativeCandidate& candidate) {
  return "alternative " + Quote(candidate.master.name) + " of package " +
         Quote(candidate.package);
}

// TreePath returns where an absolute path is in the tree.
Result<std::string> TreePath(const std::string& absolute) {
  return MergedPath("." + absolute);
}

Result<int32_t> ParsePriority(std::string_view text) {
  const bool negative = text.starts_with('-');
  const Result<uint64_t> value = ParseUnsigned(text.substr(negative ? 1 : 0));
  if (!value || *value > 0x7fffffff ||
      text.find('x') != std::string_view::npos) {
    return InputError("found priority " + Quote(text) +
                      ", expected a whole number of at most 31 bits");
  }
  const auto number = static_cast<int32_t>(*value);
  return negative ? -number : number;
}

// ParseLink checks three words as alternative_set_add... of update-alternatives
// does: an absolute link, a plain name, an absolute path, and no link to
// itself.
Result<Link> ParseLink(std::span<const std::string> words) {
  Link link{.link = words[0], .name = words[1], .path = words[2]};
  for (const std::string& path : {link.link, link.path}) {
    const Result<std::string> in_tree =
        path.starts_with('/') ? TreePath(path) : InputError("");
    if (!in_tree || in_tree->empty()) {
      return InputError("found path " + Quote(path) +
                        ", expected an absolute one without '..', '.' or empty "
                        "components");
    }
  }
  if (link.name.empty() || link.name == "." || link.name == ".." ||
      link.name.find_first_of("/ \t") != std::string::npos) {
    return InputError("found name " + Quote(link.name) +
                      ", expected one without '/' and blanks");
  }
  if (*TreePath(link.link) == *TreePath(link.path)) {
    return InputError("found " + Quote(link.link) +
                      " as link and as path, expected two different ones");
  }
  return link;
}

// ParseCandidate reads "LINK NAME PATH PRIORITY [slave LINK NAME PATH]...".
Result<AlternativeCandidate> ParseCandidate(const Action& action) {
  const std::vector<std::string> words = Words(action.argument);
  const std::span<const std::string> rest(words);
  if (words.size() < 4 || words.size() % 4 != 0) {
    return InputError("found " + std::to_string(words.size()) +
                      " words, expected LINK NAME PATH PRIORITY [slave LINK "
                      "NAME PATH]...");
  }
  AlternativeCandidate candidate{.package = action.package};
  TALLY_ASSIGN(candidate.master, ParseLink(rest.first(3)));
  TALLY_ASSIGN(candidate.priority, ParsePriority(words[3]));
  for (size_t at = 4; at < words.size(); at += 4) {
    if (words[at] != "slave") {
      return InputError("found " + Quote(words[at]) + ", expected 'slave'");
    }
    TALLY_ASSIGN(Link slave, ParseLink(rest.subspan(at + 1, 3)));
    candidate.slaves.push_back(std::move(slave));
  }
  return candidate;
}

// Register adds a candidate to its group. The same action twice is no news.
Status Register(AlternativeCandidate candidate, Groups* groups) {
  Group& group = (*groups)[candidate.master.name];
  if (group.candidates.empty()) group.link = candidate.master.link;
  if (group.link != candidate.master.link) {
    return InputError(Who(candidate) + ": found link " +
                      Quote(candidate.master.link) + ", package " +
                      Quote(group.candidates.begin()->second.package) +
                      " has " + Quote(group.link));
  }
  const auto [other, is_new] =
      group.candidates.emplace(candidate.master.path, candidate);
  if (is_new || (other->second.priority == candidate.priority &&
                 other->second.slaves == candidate.slaves)) {
    return Ok();
  }
  return InputError(Who(candidate) + ": package " +
                    Quote(other->second.package) +
                    " offers the same path with another priority or other "
                    "slaves");
}

// UsedNames refuses links and names that are used twice, as --install does. Two
// candidates of a group may share slaves.
class UsedNames {
 public:
  Status Add(const AlternativeCandidate& candidate) {
    const std::string& master = candidate.master.name;
    TALLY_TRY(AddLink(candidate, candidate.master, "master"));
    for (const Link& slave : candidate.slaves) {
      TALLY_TRY(AddLink(candidate, slave, "slave of " + Quote(master)));
    }
    return Ok();
  }

 private:
  struct Use {
    std::string name;
    std::string link;  // in the tree
    std::string role;  // "master", "slave of 'awk'"
  };

  Status AddLink(const AlternativeCandidate& candidate, const Link& link,
                 const std::string& role) {
    TALLY_ASSIGN(const std::string path, TreePath(link.link));
    const Use use{.name = link.name, .link = path, .role = role};
    const auto by_name = by_name_.emplace(link.name, use).first->second;
    if (by_name.role != use.role || by_name.link != use.link) {
      return InputError(Who(candidate) + ": name " + Quote(link.name) +
                        " is the " + role + " with link '/" + path +
                        "' and the " + by_name.role + " with link '/" +
                        by_name.link + "'");
    }
    const auto by_link = by_link_.emplace(path, use).first->second;
    if (by_link.name != use.name) {
      return InputError(Who(candidate) + ": link '/" + path +
                        "' belongs to both " + Quote(by_link.name) + " and " +
                        Quote(link.name));
    }
    return Ok();
  }

  std::map<std::string, Use> by_name_;
  std::map<std::string, Use> by_link_;
};

Result<Groups> ReadGroups(const std::vector<Action>& actions) {
  Groups groups;
  UsedNames names;
  size_t num_actions = 0;
  for (const Action& action : actions) {
    if (action.kind != ActionKind::kAlternative) continue;
    if (++num_actions > kMaxAlternatives) {
      return InputError("more than " + std::to_string(kMaxAlternatives) +
                        " alternatives");
    }
    Result<AlternativeCandidate> candidate = ParseCandidate(action);
    if (!candidate) {
      return std::move(candidate).error().While(
          "reading an alternative of package " + Quote(action.package));
    }
    candidate->order = num_actions;
    TALLY_TRY(names.Add(*candidate));
    TALLY_TRY(Register(*std::move(candidate), &groups));
  }
  return groups;
}

// LinkPaths returns where master links will be: a path may be the link of
// another alternative.
std::set<std::string> LinkPaths(const Groups& groups) {
  std::set<std::string> paths;
  for (const auto& [name, group] : groups) {
    const Result<std::string> path = TreePath(group.link);
    if (path) paths.insert(*path);
  }
  return paths;
}

class Chooser {
 public:
  Chooser(const Manifest& manifest, const Groups& groups, const Tree& tree)
      : manifest_(manifest),
        groups_(groups),
        tree_(tree),
        link_paths_(LinkPaths(groups)) {}

  // CheckChoices refuses lines of the manifest that choose nothing.
  Status CheckChoices() const {
    for (const AlternativeSpec& spec : manifest_.system.alternatives) {
      const auto group = groups_.find(spec.name);
      if (group == groups_.end()) {
        return Unknown(spec, "alternative", spec.name, groups_);
      }
      const auto& candidates = group->second.candidates;
      if (!candidates.contains(spec.path)) {
        return Unknown(spec, "path of alternative '" + spec.name + "'",
                       spec.path, candidates);
      }
      if (!Exists(spec.path)) {
        return InputError(At(manifest_, spec.where) + ": path " +
                          Quote(spec.path) + " of alternative " +
                          Quote(spec.name) + " is not in the image");
      }
    }
    return Ok();
  }

  // Best returns the manifest's choice, or the first to come of the highest
  // priority among those whose path exists; null if none does.
  const AlternativeCandidate* Best(const std::string& name,
                                   const Group& group) const {
    for (const AlternativeSpec& spec : manifest_.system.alternatives) {
      if (spec.name == name) return &group.candidates.at(spec.path);
    }
    const AlternativeCandidate* best = nullptr;
    for (const auto& entry : group.candidates) {
      const AlternativeCandidate& candidate = entry.second;
      if (!Exists(candidate.master.path)) continue;
      if (best == nullptr || candidate.priority > best->priority ||
          (candidate.priority == best->priority &&
           candidate.order < best->order)) {
        best = &candidate;
      }
    }
    return best;
  }

  bool Exists(const std::string& path) const {
    const Result<std::string> in_tree = TreePath(path);
    return tree_.Resolve(path) != nullptr ||
           (in_tree && link_paths_.contains(*in_tree));
  }

 private:
  template <typename Map>
  Error Unknown(const AlternativeSpec& spec, const std::string& what,
                const std::string& name, const Map& known) const {
    std::vector<std::string> names;
    for (const auto& entry : known) names.push_back(entry.first);
    const auto nearest = NearestName(name, names);
    return InputError(At(manifest_, spec.where) + ": found " + what + " " +
                      Quote(name) + ", expected one that a package offers" +
                      (nearest ? ", did you mean '" + *nearest + "'?" : ""));
  }

  const Manifest& manifest_;
  const Groups& groups_;
  const Tree& tree_;
  std::set<std::string> link_paths_;
};

Status OfferAlternativeLink(const std::string& path, const std::string& target,
                            Tree* tree) {
  const auto offered =
      tree->Offer(path, GeneratedLink(kAlternativesGenerator, target));
  return offered ? Ok() : Status(offered.error());
}

// PutMaster makes LINK. What people put there stays; a package's own entry is
// a contradiction.
Status PutMaster(const AlternativeCandidate& candidate, Tree* tree) {
  const std::string target = "/etc/alternatives/" + candidate.master.name;
  TALLY_ASSIGN(const std::string path, TreePath(candidate.master.link));
  const TreeNode* found = tree->Find(path);
  const bool same = found != nullptr && found->type == NodeType::kSymlink &&
                    found->symlink_target == target;
  if (found != nullptr && !same && found->origin.kind == "package") {
    return InputError(Who(candidate) + ": '/" + path + "' of " +
                      found->origin.ToString() +
                      " is where its link should be");
  }
  return OfferAlternativeLink(path, target, tree);
}

Status PutGroup(const AlternativeCandidate& candidate, Tree* tree) {
  TALLY_TRY(OfferAlternativeLink("etc/alternatives/" + candidate.master.name,
                                 candidate.master.path, tree));
  TALLY_TRY(PutMaster(candidate, tree));
  for (const Link& slave : candidate.slaves) {
    if (tree->Resolve(slave.path) == nullptr) continue;
    TALLY_ASSIGN(const std::string path, TreePath(slave.link));
    TALLY_TRY(OfferAlternativeLink("etc/alternatives/" + slave.name, slave.path,
                                   tree));
    TALLY_TRY(
        OfferAlternativeLink(path, "/etc/alternatives/" + slave.name, tree));
  }
  return Ok();
}

}  // namespace

Status GenerateAlternatives(const Manifest& manifest,
                            const std::vector<Action>& actions, Tree* tree) {
  TALLY_ASSIGN(const Groups groups, ReadGroups(actions));
  std::vector<const AlternativeCandidate*> chosen;
  {
    const Chooser chooser(manifest, groups, *tree);
    TALLY_TRY(chooser.CheckChoices());
    for (const auto& [name, group] : groups) {
      const AlternativeCandidate* best = chooser.Best(name, group);
      if (best != nullptr) chosen.push_back(best);
    }
  }
  for (const AlternativeCandidate* candidate : chosen) {
    TALLY_TRY(PutGroup(*candidate, tree));
  }
  for (const AlternativeCandidate* candidate : chosen) {
    if (tree->Resolve(candidate->master.path) != nullptr) continue;
    return InputError(Who(*candidate) + ": path " +
                      Quote(candidate->master.path) +
                      " leads back to its own link or to nothing");
  }
  return Ok();
}

}  // namespace tally
