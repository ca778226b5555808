// The files that accounts become, and the numbers that owners become.
#include <algorithm>
#include <tuple>

#include "builder/generate/accounts.h"
#include "common/text.h"
#include "formats/passwd.h"

namespace tally {
namespace {

constexpr std::string_view kAccountsGenerator = "accounts";

// SortedUsers is the order of `pwck -s`, by number.
std::vector<Accounts::User> SortedUsers(const Accounts& accounts) {
  std::vector<Accounts::User> users;
  for (const auto& entry : accounts.users()) users.push_back(entry.second);
  std::ranges::sort(users, {}, &Accounts::User::uid);
  return users;
}

std::vector<Accounts::Group> SortedGroups(const Accounts& accounts) {
  std::vector<Accounts::Group> groups;
  for (const auto& entry : accounts.groups()) groups.push_back(entry.second);
  std::ranges::sort(groups, {}, &Accounts::Group::gid);
  return groups;
}

// CheckAllThere refuses a shadow file of the tree's own that lacks accounts.
template <typename Entry, typename Map>
Status CheckAllThere(const std::string& path, const TreeNode& node,
                     const Map& accounts, const std::vector<Entry>& entries) {
  for (const auto& account : accounts) {
    const bool is_there = std::ranges::any_of(
        entries,
        [&account](const Entry& entry) { return entry.name == account.first; });
    if (is_there) continue;
    return InputError("'/" + path + "' of " + node.origin.ToString() +
                      " has no " + Quote(account.first) +
                      ", expected every account of the image");
  }
  return Ok();
}

std::string PasswdText(const std::vector<Accounts::User>& users) {
  std::vector<PasswdEntry> entries;
  for (const Accounts::User& user : users) {
    entries.push_back({.name = user.name,
                       .uid = user.uid,
                       .gid = user.gid,
                       .comment = user.comment,
                       .home = user.home,
                       .shell = user.shell});
  }
  return FormatPasswd(entries);
}

// ShadowText leaves out the day of the last change: it would be the day of the
// build. Without it, password ageing is off.
std::string ShadowText(const std::vector<Accounts::User>& users) {
  std::vector<ShadowEntry> entries;
  for (const Accounts::User& user : users) {
    ShadowEntry entry{.name = user.name, .password = user.password};
    if (user.is_expired) entry.expires = 1;
    entries.push_back(entry);
  }
  return FormatShadow(entries);
}

std::string GroupText(const std::vector<Accounts::Group>& groups) {
  std::vector<GroupEntry> entries;
  for (const Accounts::Group& group : groups) {
    entries.push_back(
        {.name = group.name, .gid = group.gid, .members = group.members});
  }
  return FormatGroup(entries);
}

std::string GshadowText(const std::vector<Accounts::Group>& groups) {
  std::vector<GshadowEntry> entries;
  for (const Accounts::Group& group : groups) {
    entries.push_back({.name = group.name,
                       .password = group.password,
                       .members = group.members});
  }
  return FormatGshadow(entries);
}

template <typename Map>
Result<uint32_t> NumberOf(const Map& accounts, const std::string& name,
                          const std::string& kind, const std::string& path,
                          const TreeNode& node) {
  const auto found = accounts.find(name);
  if (found != accounts.end()) {
    if constexpr (requires { found->second.uid; }) {
      return found->second.uid;
    } else {
      return found->second.gid;
    }
  }
  if (name == "root") return uint32_t{0};
  std::vector<std::string> names;
  for (const auto& account : accounts) names.push_back(account.first);
  Error error = InputError("'/" + path + "' of " + node.origin.ToString() +
                           " belongs to " + kind + " " + Quote(name) +
                           ", expected an account of the image");
  const auto nearest = NearestName(name, names);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean '" + *nearest + "'?");
}

// OfferSecret adds a file that only root and the group shadow may read.
Status OfferSecret(const std::string& path, const std::string& text,
                   const Accounts& accounts, Tree* tree) {
  TreeNode node = GeneratedFile(kAccountsGenerator, text, 0640);
  if (accounts.FindGroup("shadow") != nullptr) node.group = "shadow";
  TALLY_ASSIGN(const bool added, tree->Offer(path, std::move(node)));
  static_cast<void>(added);
  return Ok();
}

// CheckOwnShadow looks at what people wrote themselves.
Status CheckOwnShadow(const Accounts& accounts, const Tree& tree) {
  if (const TreeNode* shadow = tree.Resolve("etc/shadow")) {
    TALLY_ASSIGN(const std::vector<ShadowEntry> entries,
                 ParseShadow(AsText(shadow->content.span()), "'/etc/shadow'"));
    TALLY_TRY(CheckAllThere("etc/shadow", *shadow, accounts.users(), entries));
  }
  if (const TreeNode* gshadow = tree.Resolve("etc/gshadow")) {
    TALLY_ASSIGN(
        const std::vector<GshadowEntry> entries,
        ParseGshadow(AsText(gshadow->content.span()), "'/etc/gshadow'"));
    TALLY_TRY(
        CheckAllThere("etc/gshadow", *gshadow, accounts.groups(), entries));
  }
  return Ok();
}

}  // namespace

Status GenerateAccounts(const Accounts& accounts, Tree* tree) {
  if (accounts.users().empty() && accounts.groups().empty()) return Ok();
  TALLY_TRY(CheckOwnShadow(accounts, *tree));
  const std::vector<Accounts::User> users = SortedUsers(accounts);
  const std::vector<Accounts::Group> groups = SortedGroups(accounts);
  for (const auto& [path, text] : {std::pair{"etc/passwd", PasswdText(users)},
                                   std::pair{"etc/group", GroupText(groups)}}) {
    const Result<bool> added =
        tree->Offer(path, GeneratedFile(kAccountsGenerator, text));
    if (!added) return added.error();
  }
  TALLY_TRY(OfferSecret("etc/shadow", ShadowText(users), accounts, tree));
  return OfferSecret("etc/gshadow", GshadowText(groups), accounts, tree);
}

Status ResolveOwners(const Accounts& accounts, Tree* tree) {
  std::vector<std::string> paths;
  for (const auto& entry : tree->nodes()) {
    if (!entry.second.user.empty() || !entry.second.group.empty()) {
      paths.push_back(entry.first);
    }
  }
  for (const std::string& path : paths) {
    TreeNode& node = *tree->Edit(path);
    if (!node.user.empty()) {
      TALLY_ASSIGN(node.uid,
                   NumberOf(accounts.users(), node.user, "user", path, node));
    }
    if (!node.group.empty()) {
      TALLY_ASSIGN(node.gid, NumberOf(accounts.groups(), node.group, "group",
                                      path, node));
    }
  }
  return Ok();
}

}  // namespace tally
