#include "builder/generate/account_requests.h"

#include <algorithm>

#include "builder/generate/config_files.h"
#include "common/text.h"
#include "formats/passwd.h"

namespace tally {
namespace {

constexpr std::string_view kMasters = "usr/share/base-passwd/";
constexpr std::string_view kDefaultHome = "/";
constexpr std::string_view kDefaultShell = "/usr/sbin/nologin";

std::string Where(const std::string& path) { return "'/" + path + "'"; }

Error Clash(const std::string& subject, const std::string& what,
            const std::string& id, const std::string& source,
            const std::string& earlier_id, const std::string& earlier_source) {
  return InputError(subject + " has " + what + " " + id + " in " + source +
                    ", expected " + what + " " + earlier_id + " of " +
                    earlier_source);
}

// Fix sets an id, or checks that it is the one which was fixed before.
Status Fix(std::optional<Sourced>& fixed, uint32_t id,
           const std::string& subject, const std::string& what,
           const std::string& source) {
  if (!fixed) {
    fixed = Sourced{.id = id, .source = source};
    return Ok();
  }
  if (fixed->id == id) return Ok();
  return Clash(subject, what, std::to_string(id), source,
               std::to_string(fixed->id), fixed->source);
}

Status FixGroupName(UserRequest& user, const std::string& group,
                    const std::string& source) {
  if (user.group && user.group->first != group) {
    return Clash("user " + Quote(user.name), "primary group", Quote(group),
                 source, Quote(user.group->first), user.group->second);
  }
  if (!user.group) user.group = {group, source};
  return Ok();
}

// Default fills what no earlier source said.
void Default(std::string& value, std::string_view text) {
  if (value.empty()) value = text;
}

std::string_view TextOf(const TreeNode& node) {
  return AsText(node.content.span());
}

// FileAt returns the text of a file, or nothing if there is none.
Result<std::optional<std::string_view>> FileAt(const Tree& tree,
                                               const std::string& path) {
  if (tree.Find(path) == nullptr) return std::optional<std::string_view>();
  const TreeNode* node = tree.Resolve(path);
  if (node == nullptr || node->type != NodeType::kFile) {
    return InputError(Where(path) + " of " +
                      tree.Find(path)->origin.ToString() +
                      " is no file, expected one");
  }
  return std::optional(TextOf(*node));
}

}  // namespace

Result<AccountRequests> AccountRequests::Collect(
    const Manifest& manifest, const Tree& tree,
    const std::vector<Action>& actions) {
  AccountRequests requests;
  TALLY_TRY(requests.AddBase(tree));

  TALLY_ASSIGN(const std::vector<ConfigFile> files,
               ConfigFiles(tree, "sysusers.d"));
  for (const ConfigFile& file : files) {
    TALLY_ASSIGN(const std::vector<SysusersLine> lines,
                 ParseSysusers(file.text, file.Where()));
    for (const SysusersLine& line : lines) {
      TALLY_TRY(requests.AddLine(
          line, file.Where() + " line " + std::to_string(line.line)));
    }
  }
  for (const Action& action : actions) {
    if (action.kind != ActionKind::kSysusers) continue;
    const std::string source = "action " + Quote(FormatAction(action)) +
                               " of package '" + action.package + "'";
    const Result<SysusersLine> line = ParseSysusersLine(action.argument);
    if (!line) return InputError(source + ": " + line.error().message());
    TALLY_TRY(requests.AddLine(*line, source));
  }
  TALLY_TRY(requests.AddManifest(manifest));
  TALLY_TRY(requests.AddImplied());
  TALLY_TRY(requests.CheckOwnFiles(tree));
  return requests;
}

Status AccountRequests::AddBase(const Tree& tree) {
  const TreeNode* passwd = tree.Find("etc/passwd");
  const TreeNode* group = tree.Find("etc/group");
  if ((passwd == nullptr) != (group == nullptr)) {
    const TreeNode& there = passwd != nullptr ? *passwd : *group;
    return InputError("found " +
                      Where(passwd != nullptr ? "etc/passwd" : "etc/group") +
                      " of " + there.origin.ToString() + " without " +
                      Where(passwd != nullptr ? "etc/group" : "etc/passwd") +
                      ", expected both or none");
  }
  is_closed_ = passwd != nullptr;
  const std::string masters(kMasters);
  // The master files have '*' for a password, and pwconv(8) moves it to shadow.
  const std::string password = is_closed_ ? "!*" : "*";
  TALLY_TRY(AddGroup(tree, is_closed_ ? "etc/group" : masters + "group.master",
                     password));
  TALLY_TRY(AddPasswd(
      tree, is_closed_ ? "etc/passwd" : masters + "passwd.master", password));
  num_own_users_ = users_.size();
  num_own_groups_ = groups_.size();
  return Ok();
}

Status AccountRequests::AddPasswd(const Tree& tree, const std::string& path,
                                  const std::string& password) {
  TALLY_ASSIGN(const std::optional<std::string_view> text, FileAt(tree, path));
  if (!text) return Ok();
  TALLY_ASSIGN(const std::vector<PasswdEntry> entries,
               ParsePasswd(*text, Where(path)));
  size_t line = 0;
  for (const PasswdEntry& entry : entries) {
    const std::string source = Where(path) + " line " + std::to_string(++line);
    UserRequest& user = User(entry.name, source);
    user.uid = Sourced{.id = entry.uid, .source = source};
    user.gid = Sourced{.id = entry.gid, .source = source};
    user.comment = entry.comment;
    user.home = entry.home;
    user.shell = entry.shell;
    user.password = password;
  }
  return Ok();
}

Status AccountRequests::AddGroup(const Tree& tree, const std::string& path,
                                 const std::string& password) {
  TALLY_ASSIGN(const std::optional<std::string_view> text, FileAt(tree, path));
  if (!text) return Ok();
  TALLY_ASSIGN(const std::vector<GroupEntry> entries,
               ParseGroup(*text, Where(path)));
  size_t line = 0;
  for (const GroupEntry& entry : entries) {
    const std::string source = Where(path) + " line " + std::to_string(++line);
    GroupRequest& group = Group(entry.name, source);
    group.gid = Sourced{.id = entry.gid, .source = source};
    group.password = password;
    for (const std::string& member : entry.members) {
      group.members.emplace(member, source);
    }
  }
  return Ok();
}

Status AccountRequests::AddLine(const SysusersLine& line,
                                const std::string& source) {
  switch (line.type) {
    case SysusersType::kRange:
      ranges_.emplace_back(line.range_first, line.range_last);
      return Ok();
    case SysusersType::kMember:
      Group(line.group, source).members.emplace(line.name, source);
      return Ok();
    case SysusersType::kGroup: {
      GroupRequest& group = Group(line.name, source);
      if (!line.id) return Ok();
      return Fix(group.gid, *line.id, "group " + Quote(line.name), "gid",
                 source);
    }
    case SysusersType::kUser:
      break;
  }
  UserRequest& user = User(line.name, source);
  const std::string subject = "user " + Quote(line.name);
  if (line.id) TALLY_TRY(Fix(user.uid, *line.id, subject, "uid", source));
  if (line.gid) TALLY_TRY(Fix(user.gid, *line.gid, subject, "gid", source));
  if (!line.group.empty()) TALLY_TRY(FixGroupName(user, line.group, source));
  Default(user.comment, line.comment);
  Default(user.home, line.home);
  Default(user.shell, line.shell);
  user.is_expired = user.is_expired || line.is_expired;
  return Ok();
}

// AddManifest lets what people say about a user win over packages. A default is
// not told apart from a value that was left out, so it changes nothing.
Status AccountRequests::AddManifest(const Manifest& manifest) {
  for (const GroupSpec& spec : manifest.system.groups) {
    GroupRequest& group = Group(spec.name, At(manifest, spec.where));
    if (!spec.gid) continue;
    TALLY_TRY(Fix(group.gid, *spec.gid, "group " + Quote(spec.name), "gid",
                  At(manifest, spec.where)));
  }
  for (const UserSpec& spec : manifest.system.users) {
    const std::string source = At(manifest, spec.where);
    UserRequest& user = User(spec.name, source);
    if (spec.uid) {
      TALLY_TRY(
          Fix(user.uid, *spec.uid, "user " + Quote(spec.name), "uid", source));
    }
    if (!spec.group.empty()) TALLY_TRY(FixGroupName(user, spec.group, source));
    if (!spec.comment.empty()) user.comment = spec.comment;
    if (spec.home != kDefaultHome) user.home = spec.home;
    if (spec.shell != kDefaultShell) user.shell = spec.shell;
  }
  std::vector<std::string> names;
  for (const GroupRequest& group : groups_) names.push_back(group.name);
  for (const UserRequest& user : users_) {
    if (!user.gid && !user.group) names.push_back(user.name);
  }
  for (const UserSpec& spec : manifest.system.users) {
    for (const std::string& name : spec.groups) {
      if (!std::ranges::count(names, name)) {
        const auto nearest = NearestName(name, names);
        Error error = InputError(At(manifest, spec.where) + ": found group " +
                                 Quote(name) + " of user " + Quote(spec.name) +
                                 ", expected a group of the image");
        if (!nearest) return error;
        return std::move(error).Hint("did you mean '" + *nearest + "'?");
      }
      Group(name, At(manifest, spec.where))
          .members.emplace(spec.name, At(manifest, spec.where));
    }
  }
  return Ok();
}

// AddImplied adds users that are only members of groups, and the primary groups
// that users without one get.
Status AccountRequests::AddImplied() {
  for (size_t i = 0; i < groups_.size(); ++i) {
    const std::map<std::string, std::string> members = groups_[i].members;
    for (const auto& [name, source] : members) User(name, source);
  }
  for (UserRequest& user : users_) {
    if (!user.gid && !user.group) {
      user.group = {user.name, user.source};
      const bool is_implied = FindGroup(user.name) == nullptr;
      GroupRequest& group = Group(user.name, user.source);
      group.is_implied = is_implied;
    } else if (user.group && FindGroup(user.group->first) == nullptr) {
      return InputError("user " + Quote(user.name) + " has primary group " +
                        Quote(user.group->first) + " in " + user.group->second +
                        ", expected a group that something else creates");
    }
    const bool is_root = user.uid && user.uid->id == 0;
    Default(user.home, kDefaultHome);
    Default(user.shell, is_root ? "/bin/sh" : kDefaultShell);
  }
  return Ok();
}

Status AccountRequests::CheckOwnFiles(const Tree& tree) const {
  if (!is_closed_) return Ok();
  const auto lacks = [&tree](const std::string& path, const std::string& what,
                             const std::string& source) {
    return InputError(Where(path) + " of " +
                      tree.Find(path)->origin.ToString() + " has no " + what +
                      ", which " + source + " asks for");
  };
  for (size_t i = num_own_users_; i < users_.size(); ++i) {
    return lacks("etc/passwd", "user " + Quote(users_[i].name),
                 users_[i].source);
  }
  for (size_t i = num_own_groups_; i < groups_.size(); ++i) {
    return lacks("etc/group", "group " + Quote(groups_[i].name),
                 groups_[i].source);
  }
  for (const GroupRequest& group : groups_) {
    for (const auto& [member, source] : group.members) {
      if (source.starts_with(Where("etc/group"))) continue;
      return lacks("etc/group",
                   "member " + Quote(member) + " of group " + Quote(group.name),
                   source);
    }
  }
  return Ok();
}

const GroupRequest* AccountRequests::FindGroup(const std::string& name) const {
  const auto found = group_index_.find(name);
  return found == group_index_.end() ? nullptr : &groups_[found->second];
}

UserRequest& AccountRequests::User(const std::string& name,
                                   const std::string& source) {
  const auto [at, is_new] = user_index_.emplace(name, users_.size());
  if (is_new) users_.push_back({.name = name, .source = source});
  return users_[at->second];
}

GroupRequest& AccountRequests::Group(const std::string& name,
                                     const std::string& source) {
  const auto [at, is_new] = group_index_.emplace(name, groups_.size());
  if (is_new) groups_.push_back({.name = name, .source = source});
  return groups_[at->second];
}

}  // namespace tally
