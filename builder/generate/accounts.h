// Accounts of an image: passwd, group, shadow, gshadow. See
// docs/generators/accounts.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Accounts is the finished database. Names are unique, and so are the numbers
// of users and those of groups; the primary group of every user is there.
class Accounts {
 public:
  struct User {
    std::string name;
    uint32_t uid = 0;
    uint32_t gid = 0;
    std::string comment;
    std::string home;
    std::string shell;
    std::string password = "!*";  // of shadow(5); none is a valid one
    bool is_expired = false;
    bool is_uid_fixed = true;  // by a source; else it is pinned in the lock
  };
  struct Group {
    std::string name;
    uint32_t gid = 0;
    std::vector<std::string> members;  // sorted
    std::string password = "!*";       // of gshadow(5)
    bool is_gid_fixed = true;
  };

  // Null if there is none.
  const User* FindUser(std::string_view name) const;
  const Group* FindGroup(std::string_view name) const;

  const std::map<std::string, User, std::less<>>& users() const {
    return users_;
  }
  const std::map<std::string, Group, std::less<>>& groups() const {
    return groups_;
  }

 private:
  friend class AccountsBuilder;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, Group, std::less<>> groups_;
};

// WhenNotPinned says what becomes of an account without a number: `lock`
// allocates one, `build` refuses.
enum class WhenNotPinned { kAllocate, kRefuse };

// BuildAccounts takes, in this order: base-passwd's masters in the tree, the
// sysusers.d(5) files of the tree, sysusers actions, and users and groups of
// the manifest. Ids that nobody fixed come from `pins`. If the tree has
// /etc/passwd and /etc/group already, they take the place of the masters, and
// anything that they lack is an InputError.
Result<Accounts> BuildAccounts(const Manifest& manifest, const Tree& tree,
                               const std::vector<Action>& actions,
                               const LockedAccounts& pins,
                               WhenNotPinned when_not_pinned);

// PinsOf returns the ids in `accounts` that were not fixed by anybody.
LockedAccounts PinsOf(const Accounts& accounts);

// GenerateAccounts writes the four files, each unless the tree has it already,
// and none if there are no accounts.
Status GenerateAccounts(const Accounts& accounts, Tree* tree);

// ResolveOwners turns the owner names of all entries into numbers. A name that
// is no account is an InputError with the path, its origin and the nearest
// name; only "root" needs no account.
Status ResolveOwners(const Accounts& accounts, Tree* tree);

}  // namespace tally
