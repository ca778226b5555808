// What the sources of an image ask for in the way of accounts, before any
// number is allocated.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "formats/sysusers.h"
#include "manifests/manifest.h"

namespace tally {

// Every value comes with the text that names its source in errors.
struct Sourced {
  uint32_t id = 0;
  std::string source;
};

struct UserRequest {
  std::string name;
  std::string source;  // who asked first
  std::optional<Sourced> uid;
  // Primary group; neither: a group of the user's own name.
  std::optional<Sourced> gid;
  std::optional<std::pair<std::string, std::string>> group;  // name, source
  std::string comment;
  std::string home;
  std::string shell;
  std::string password = "!*";
  bool is_expired = false;
};

struct GroupRequest {
  std::string name;
  std::string source;
  std::optional<Sourced> gid;
  std::map<std::string, std::string> members;  // name -> source
  std::string password = "!*";
  bool is_implied = false;  // only as the primary group of a user of its name
};

// AccountRequests is an ordered collection: order decides which account gets
// the higher number when numbers are allocated.
class AccountRequests {
 public:
  // Collect reads all sources in the order that BuildAccounts states. Ids that
  // contradict each other are InputErrors which name both sources.
  static Result<AccountRequests> Collect(const Manifest& manifest,
                                         const Tree& tree,
                                         const std::vector<Action>& actions);

  const std::vector<UserRequest>& users() const { return users_; }
  const std::vector<GroupRequest>& groups() const { return groups_; }
  const GroupRequest* FindGroup(const std::string& name) const;
  // Numbers to allocate from, of 'r' lines; empty: the default.
  const std::vector<std::pair<uint32_t, uint32_t>>& ranges() const {
    return ranges_;
  }

 private:
  Status AddBase(const Tree& tree);
  Status AddPasswd(const Tree& tree, const std::string& path,
                   const std::string& password);
  Status AddGroup(const Tree& tree, const std::string& path,
                  const std::string& password);
  Status AddLine(const SysusersLine& line, const std::string& source);
  Status AddManifest(const Manifest& manifest);
  Status AddImplied();
  Status CheckOwnFiles(const Tree& tree) const;

  UserRequest& User(const std::string& name, const std::string& source);
  GroupRequest& Group(const std::string& name, const std::string& source);

  std::vector<UserRequest> users_;
  std::vector<GroupRequest> groups_;
  std::map<std::string, size_t> user_index_;
  std::map<std::string, size_t> group_index_;
  std::vector<std::pair<uint32_t, uint32_t>> ranges_;

  // With files of the tree's own: what they have, and a name for them.
  bool is_closed_ = false;
  size_t num_own_users_ = 0;
  size_t num_own_groups_ = 0;
};

}  // namespace tally
