// The commands, one function each. They take what the command line said as
// plain structs, print through the Console, and return what failed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "builder/fetch.h"
#include "builder/locker.h"
#include "cli/console.h"
#include "common/file.h"
#include "sign/public_key.h"

namespace tally {

// StoreFlags are shared by all commands that use the content store.
struct StoreFlags {
  std::string store;  // empty: the default path
};

// NetworkFlags are shared by `lock` and `fetch`.
struct NetworkFlags {
  std::vector<std::string> mirrors;
  bool offline = false;
};

struct LockFlags {
  StoreFlags store;
  NetworkFlags network;
  fs::path manifest;
  bool refresh = false;
  bool update = false;               // everything, or only `updated`
  std::vector<std::string> updated;  // names of packages
  fs::path diff;                     // an earlier lock: compare, do not lock
};
Status RunLock(const LockFlags& flags, Console& console);
// RunLockDiff compares the lock `flags.diff` with the one of `flags.manifest`.
Status RunLockDiff(const LockFlags& flags, Console& console);

struct FetchFlags {
  StoreFlags store;
  NetworkFlags network;
  fs::path manifest;  // or a release directory
};
Status RunFetch(const FetchFlags& flags, Console& console);

struct BuildFlags {
  StoreFlags store;
  fs::path manifest;
  fs::path output;
  unsigned num_threads = 0;  // 0: one for each processor
  // What `check` changes from build to build.
  std::optional<uint32_t> umask;
  std::optional<uint32_t> uid;  // to become, as root
  bool reverse_inputs = false;
};
Status RunBuild(const BuildFlags& flags, Console& console);

struct CheckFlags {
  StoreFlags store;
  fs::path manifest;
  fs::path keep;     // where both releases stay; empty: nowhere
  fs::path program;  // that builds; empty: this one
  unsigned num_threads = 0;
};
Status RunCheck(const CheckFlags& flags, Console& console);

struct RebuildFlags {
  StoreFlags store;
  fs::path release;
  unsigned num_threads = 0;
};
Status RunRebuild(const RebuildFlags& flags, Console& console);

struct BundleExportFlags {
  StoreFlags store;
  fs::path manifest;  // or a release directory
  fs::path output;
  bool no_evidence = false;
};
Status RunBundleExport(const BundleExportFlags& flags, Console& console);

struct BundleImportFlags {
  StoreFlags store;
  fs::path bundle;
  fs::path output;  // empty: only the store is filled
};
Status RunBundleImport(const BundleImportFlags& flags, Console& console);

struct StoreListFlags {
  StoreFlags store;
};
Status RunStoreList(const StoreListFlags& flags, Console& console);

struct StoreVerifyFlags {
  StoreFlags store;
  bool repair = false;
  unsigned num_threads = 0;
};
Status RunStoreVerify(const StoreVerifyFlags& flags, Console& console);

struct StoreGcFlags {
  StoreFlags store;
  std::vector<fs::path> keep;  // manifests or release directories
  bool dry_run = false;
};
Status RunStoreGc(const StoreGcFlags& flags, Console& console);

struct KeygenFlags {
  fs::path private_key;
  fs::path public_key;
  KeyType type = KeyType::kEcdsaP256;
};
Status RunKeygen(const KeygenFlags& flags, Console& console);

struct SignFlags {
  fs::path release;
  fs::path key;
  std::string builder_id;
};
Status RunSign(const SignFlags& flags, Console& console);

struct VerifyFlags {
  fs::path release;
  fs::path key;
};
Status RunVerify(const VerifyFlags& flags, Console& console);

}  // namespace tally
