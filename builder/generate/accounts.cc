// Allocation follows systemd-sysusers of systemd 252 (src/sysusers/sysusers.c:
// add_group, add_user, uid_is_ok, gid_is_ok), with ids fixed by any source
// taken first, so that the order of lines cannot make a clash.
#include "builder/generate/accounts.h"

#include <algorithm>
#include <optional>

#include "builder/generate/account_requests.h"
#include "common/text.h"

namespace tally {
namespace {

// Debian builds systemd with these (debian/rules: system-alloc-uid-min,
// system-uid-max).
constexpr std::pair<uint32_t, uint32_t> kSystemIds = {100, 999};
constexpr std::string_view kHowToPin = "run 'tally lock'";

}  // namespace

// The parts of AccountsBuilder have external linkage because it has: it is a
// friend of Accounts.

// NumberRanges are the numbers to allocate from, highest first.
class NumberRanges {
 public:
  explicit NumberRanges(std::vector<std::pair<uint32_t, uint32_t>> ranges)
      : ranges_(std::move(ranges)) {
    if (ranges_.empty()) ranges_.push_back(kSystemIds);
    std::ranges::sort(ranges_);
    next_ = ranges_.back().second;
  }

  // Next returns each number once.
  std::optional<uint32_t> Next() {
    while (!ranges_.empty()) {
      const auto [first, last] = ranges_.back();
      if (next_ > last) next_ = last;
      if (next_ < first) {
        ranges_.pop_back();
        continue;
      }
      const uint32_t number = static_cast<uint32_t>(next_);
      --next_;
      if (number != 0xffff) return number;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::pair<uint32_t, uint32_t>> ranges_;
  int64_t next_ = 0;
};

// IdTable is who has which number, of one kind.
class IdTable {
 public:
  IdTable(std::string kind, std::string what)
      : kind_(std::move(kind)), what_(std::move(what)) {}

  Status Take(uint32_t id, const std::string& name, const std::string& source) {
    const auto [at, is_new] = owners_.emplace(id, Owner{name, source});
    if (!is_new) {
      return InputError(kind_ + " " + Quote(name) + " has " + what_ + " " +
                        std::to_string(id) + " in " + source + ", which " +
                        kind_ + " " + Quote(at->second.name) + " has in " +
                        at->second.source);
    }
    ids_.emplace(name, id);
    return Ok();
  }

  bool IsFree(uint32_t id) const { return !owners_.contains(id); }
  // IsFreeOrOf says whether nobody but `name` has the number.
  bool IsFreeOrOf(uint32_t id, const std::string& name) const {
    const auto found = owners_.find(id);
    return found == owners_.end() || found->second.name == name;
  }
  std::optional<uint32_t> IdOf(const std::string& name) const {
    const auto found = ids_.find(name);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
  }

 private:
  struct Owner {
    std::string name;
    std::string source;
  };
  std::string kind_;
  std::string what_;
  std::map<uint32_t, Owner> owners_;
  std::map<std::string, uint32_t> ids_;
};

namespace {

template <typename Map>
std::optional<uint32_t> Pinned(const Map& pins, const std::string& name) {
  const auto found = pins.find(name);
  if (found == pins.end()) return std::nullopt;
  return found->second;
}

Error NotPinned(const std::string& kind, const std::string& name,
                const std::string& source) {
  return InputError(kind + " " + Quote(name) + " of " + source +
                    " has no number, expected one in the lock")
      .Hint(std::string(kHowToPin));
}

}  // namespace

// AccountsBuilder gives every account a number.
class AccountsBuilder {
 public:
  AccountsBuilder(const AccountRequests& requests, const LockedAccounts& pins,
                  WhenNotPinned when_not_pinned)
      : requests_(requests),
        pins_(pins),
        when_not_pinned_(when_not_pinned),
        candidates_(requests.ranges()) {}

  Result<Accounts> Build() {
    TALLY_TRY(TakeFixed());
    TALLY_TRY(TakePins());
    TALLY_TRY(TakeMissing());
    for (const GroupRequest& group : requests_.groups()) AddGroup(group);
    for (const UserRequest& user : requests_.users()) TALLY_TRY(AddUser(user));
    return std::move(accounts_);
  }

 private:
  Status TakeFixed() {
    for (const GroupRequest& group : requests_.groups()) {
      if (!group.gid) continue;
      TALLY_TRY(gids_.Take(group.gid->id, group.name, group.gid->source));
      fixed_groups_[group.name] = true;
    }
    for (const UserRequest& user : requests_.users()) {
      if (!user.uid) continue;
      TALLY_TRY(uids_.Take(user.uid->id, user.name, user.uid->source));
    }
    // A user with a number brings it along for a group of its own.
    for (const UserRequest& user : requests_.users()) {
      if (!user.uid || !user.group || user.group->first != user.name ||
          gids_.IdOf(user.name) || !gids_.IsFree(user.uid->id)) {
        continue;
      }
      TALLY_TRY(gids_.Take(user.uid->id, user.name, user.uid->source));
      fixed_groups_[user.name] = true;
    }
    return Ok();
  }

  Status TakePins() {
    for (const GroupRequest& group : requests_.groups()) {
      TALLY_TRY(TakePin(Pinned(pins_.groups, group.name), group.name, gids_));
    }
    for (const UserRequest& user : requests_.users()) {
      TALLY_TRY(TakePin(Pinned(pins_.users, user.name), user.name, uids_));
    }
    return Ok();
  }

  Status TakePin(const std::optional<uint32_t>& id, const std::string& name,
                 IdTable& table) {
    if (!id || table.IdOf(name)) return Ok();
    Status taken = table.Take(*id, name, "the lock");
    // Something new has the number now; `lock` finds another.
    if (!taken && when_not_pinned_ == WhenNotPinned::kRefuse) {
      return std::move(taken).error().Hint(std::string(kHowToPin));
    }
    return Ok();
  }

  // TakeMissing goes by the order of systemd-sysusers: groups that are asked
  // for, then each user with its own group.
  Status TakeMissing() {
    for (const GroupRequest& group : requests_.groups()) {
      if (!group.is_implied) TALLY_TRY(TakeGroup(group));
    }
    for (const UserRequest& user : requests_.users()) {
      if (user.group) {
        TALLY_TRY(TakeGroup(*requests_.FindGroup(user.group->first)));
      }
      TALLY_TRY(TakeUser(user));
    }
    return Ok();
  }

  Status TakeGroup(const GroupRequest& group) {
    if (gids_.IdOf(group.name)) return Ok();
    if (when_not_pinned_ == WhenNotPinned::kRefuse) {
      return NotPinned("group", group.name, group.source);
    }
    return Allocate("group", group.name, group.source, uids_.IdOf(group.name),
                    gids_, uids_);
  }

  Status TakeUser(const UserRequest& user) {
    if (uids_.IdOf(user.name)) return Ok();
    if (when_not_pinned_ == WhenNotPinned::kRefuse) {
      return NotPinned("user", user.name, user.source);
    }
    std::optional<uint32_t> gid;
    if (user.gid) gid = user.gid->id;
    if (user.group) gid = gids_.IdOf(user.group->first);
    return Allocate("user", user.name, user.source, gid, uids_, gids_);
  }

  // Allocate prefers the number that the other table has for the same account.
  Status Allocate(const std::string& kind, const std::string& name,
                  const std::string& source,
                  const std::optional<uint32_t>& preferred, IdTable& table,
                  const IdTable& other) {
    const auto is_good = [&](uint32_t id) {
      return table.IsFree(id) && other.IsFreeOrOf(id, name);
    };
    std::optional<uint32_t> id = preferred;
    if (id && !is_good(*id)) id.reset();
    while (!id) {
      id = candidates_.Next();
      if (!id) {
        return InputError("no number is left for " + kind + " " + Quote(name) +
                          " of " + source);
      }
      if (!is_good(*id)) id.reset();
    }
    return table.Take(*id, name, source);
  }

  void AddGroup(const GroupRequest& request) {
    Accounts::Group group{.name = request.name,
                          .gid = *gids_.IdOf(request.name),
                          .password = request.password,
                          .is_gid_fixed = fixed_groups_[request.name]};
    for (const auto& member : request.members) {
      group.members.push_back(member.first);
    }
    accounts_.groups_.emplace(group.name, std::move(group));
  }

  Status AddUser(const UserRequest& request) {
    Accounts::User user{.name = request.name,
                        .uid = *uids_.IdOf(request.name),
                        .comment = request.comment,
                        .home = request.home,
                        .shell = request.shell,
                        .password = request.password,
                        .is_expired = request.is_expired,
                        .is_uid_fixed = request.uid.has_value()};
    TALLY_ASSIGN(user.gid, GroupOf(request));
    accounts_.users_.emplace(user.name, std::move(user));
    return Ok();
  }

  // GroupOf checks that a primary group by number exists, and is the same as
  // one by name.
  Result<uint32_t> GroupOf(const UserRequest& user) const {
    if (!user.gid) return *gids_.IdOf(user.group->first);
    if (user.group && gids_.IdOf(user.group->first) != user.gid->id) {
      return InputError("user " + Quote(user.name) + " has primary group " +
                        Quote(user.group->first) + " in " + user.group->second +
                        ", expected the group of gid " +
                        std::to_string(user.gid->id) + " of " +
                        user.gid->source);
    }
    if (!gids_.IsFree(user.gid->id)) return user.gid->id;
    return InputError("user " + Quote(user.name) + " has gid " +
                      std::to_string(user.gid->id) + " in " + user.gid->source +
                      ", expected the gid of a group");
  }

  const AccountRequests& requests_;
  const LockedAccounts& pins_;
  WhenNotPinned when_not_pinned_;
  NumberRanges candidates_;
  IdTable uids_{"user", "uid"};
  IdTable gids_{"group", "gid"};
  std::map<std::string, bool> fixed_groups_;
  Accounts accounts_;
};

const Accounts::User* Accounts::FindUser(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

const Accounts::Group* Accounts::FindGroup(std::string_view name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? nullptr : &found->second;
}

Result<Accounts> BuildAccounts(const Manifest& manifest, const Tree& tree,
                               const std::vector<Action>& actions,
                               const LockedAccounts& pins,
                               WhenNotPinned when_not_pinned) {
  TALLY_ASSIGN(const AccountRequests requests,
               AccountRequests::Collect(manifest, tree, actions));
  return AccountsBuilder(requests, pins, when_not_pinned).Build();
}

LockedAccounts PinsOf(const Accounts& accounts) {
  LockedAccounts pins;
  for (const auto& [name, user] : accounts.users()) {
    if (!user.is_uid_fixed) pins.users.emplace(name, user.uid);
  }
  for (const auto& [name, group] : accounts.groups()) {
    if (!group.is_gid_fixed) pins.groups.emplace(name, group.gid);
  }
  return pins;
}

}  // namespace tally
