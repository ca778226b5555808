#include "builder/pin.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/support/make_deb.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// LockedAs is a package of the root with one maintainer script in the lock.
LockedPackage LockedAs(Store& store, const LockedScript& script,
                       const std::string& script_text) {
  const Bytes deb = test::MakeDeb({{.path = "./x", .content = "x"}},
                                  {{"postinst", script_text}});
  const Result<Sha256Digest> sha256 = store.Put(deb);
  EXPECT_TRUE(sha256);
  LockedPackage package{.name = "test",
                        .version = "1",
                        .size_bytes = deb.size(),
                        .sha256 = *sha256,
                        .why = {{"root", "test"}}};
  package.scripts = {script};
  return package;
}

TEST(DifferentActions, NamesScriptsWhoseActionsSomebodyEdited) {
  const test::Scratch scratch;
  Result<Store> store = Store::Open(scratch.path() / "store");
  ASSERT_TRUE(store);
  const std::string text = "#!/bin/sh\nset -e\nexit 0\n";
  LockedScript script{.name = "postinst",
                      .sha256 = Sha256(AsBytes(text)),
                      .disposition = ScriptDisposition::kKnown};
  Lock lock;
  lock.packages = {LockedAs(*store, script, text)};
  const auto same = DifferentActions({}, *store, lock);
  ASSERT_TRUE(same) << same.error().ToString();
  EXPECT_EQ(*same, std::vector<std::string>());

  lock.packages[0].scripts[0].actions = {"sysusers m _x root"};
  const auto edited = DifferentActions({}, *store, lock);
  ASSERT_TRUE(edited) << edited.error().ToString();
  EXPECT_EQ(*edited, (std::vector<std::string>{
                         "the lock's actions for postinst of 'test' are not "
                         "what this tally finds in that script"}));

  // Locks of epoch 1 have no actions that could be wrong.
  lock.format_epoch = 1;
  EXPECT_EQ(*DifferentActions({}, *store, lock), std::vector<std::string>());
}

}  // namespace
}  // namespace tally
