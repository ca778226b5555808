#include "builder/root.h"

#include "builder/generate/accounts.h"
#include "builder/generate/alternatives.h"
#include "builder/generate/ca_certificates.h"
#include "builder/generate/capabilities.h"
#include "builder/generate/depmod.h"
#include "builder/generate/dpkg_status.h"
#include "builder/generate/identity.h"
#include "builder/generate/ld_so_cache.h"
#include "builder/generate/nss.h"
#include "builder/generate/pam.h"
#include "builder/generate/tmpfiles.h"
#include "builder/generate/units.h"
#include "builder/guards.h"
#include "builder/volumes.h"

namespace tally {
namespace {

std::vector<PackageRecord> PackageRecords(const Unpacked& unpacked) {
  std::vector<PackageRecord> records;
  for (const UnpackedPackage& package : unpacked.at("root")) {
    records.push_back({.name = package.name, .control = package.control_text});
  }
  return records;
}

// Generate makes what maintainer scripts would have made. No step replaces what
// is there: what people wrote and what packages ship wins. The order counts:
// each step sees what the ones before it made.
Status Generate(const RootInputs& inputs, const std::vector<Action>& actions,
                Tree* tree) {
  const Manifest& manifest = inputs.manifest;
  TALLY_ASSIGN(const Accounts accounts,
               BuildAccounts(manifest, *tree, actions, inputs.lock.accounts,
                             WhenNotPinned::kRefuse));
  TALLY_TRY(GenerateAccounts(accounts, tree));
  TALLY_TRY(GenerateTmpfiles(actions, tree));
  TALLY_TRY(GenerateNss(actions, tree));

  TALLY_TRY(GenerateAlternatives(manifest, actions, tree));
  TALLY_TRY(GenerateUnits(manifest, actions, tree));
  TALLY_TRY(GeneratePam(actions, tree));
  TALLY_TRY(GenerateCaCertificates(actions, tree));
  TALLY_TRY(GenerateIdentity(manifest, tree));
  TALLY_TRY(GenerateShells(actions, tree));

  // From here on every file is there; these describe them.
  TALLY_TRY(GenerateLdSoCache(manifest.architecture, tree));
  TALLY_TRY(GenerateDepmod(inputs.num_threads, tree));
  TALLY_TRY(GenerateDpkgStatus(PackageRecords(inputs.unpacked), tree));

  TALLY_TRY(GenerateCapabilities(manifest, actions, tree));
  return ResolveOwners(accounts, tree);
}

}  // namespace

Result<std::vector<Action>> ActionsOf(const Lock& lock) {
  std::vector<Action> actions;
  for (const LockedPackage* package : PackagesOf(lock, "root")) {
    for (const LockedScript& script : package->scripts) {
      for (const std::string& text : script.actions) {
        Result<Action> action = ParseAction(text);
        if (!action) {
          return std::move(action).error().While(
              "reading the lock's actions of package '" + package->name + "'");
        }
        action->package = package->name;
        actions.push_back(*std::move(action));
      }
    }
  }
  return actions;
}

Result<Tree> PlaceRootFiles(const RootInputs& inputs) {
  const Manifest& manifest = inputs.manifest;
  Tree tree;
  TALLY_TRY(
      AddPackages(manifest, manifest.root, inputs.unpacked.at("root"), &tree));
  TALLY_TRY(AddSourceTrees(manifest, manifest.root, inputs.sources,
                           PathRule::kMergedUsr, &tree));
  TALLY_TRY(ApplySpec(manifest, manifest.root, inputs.sources.local_files,
                      &tree, inputs.sources.downloads));
  TALLY_TRY(AddUsrMergeLinks(&tree));
  return tree;
}

Result<LockedAccounts> PinAccounts(const RootInputs& inputs,
                                   const LockedAccounts& previous) {
  TALLY_ASSIGN(const std::vector<Action> actions, ActionsOf(inputs.lock));
  TALLY_ASSIGN(const Tree tree, PlaceRootFiles(inputs));
  TALLY_ASSIGN(const Accounts accounts,
               BuildAccounts(inputs.manifest, tree, actions, previous,
                             WhenNotPinned::kAllocate));
  return PinsOf(accounts);
}

Result<Tree> AssembleRoot(const RootInputs& inputs) {
  const Manifest& manifest = inputs.manifest;
  const bool generates = inputs.lock.format_epoch > 1;
  TALLY_ASSIGN(Tree tree, PlaceRootFiles(inputs));
  // Before there are owners that were looked up by name.
  TALLY_TRY(CheckOwners(tree));
  TALLY_ASSIGN(const std::vector<Action> actions, ActionsOf(inputs.lock));
  if (generates) TALLY_TRY(Generate(inputs, actions, &tree));
  TALLY_TRY(AddMountPoints({"dev", "proc", "run", "sys", "tmp"}, &tree));
  TALLY_TRY(AddVolumeMountPoints(manifest, &tree));
  TALLY_TRY(CheckProgram(
      tree, At(manifest, manifest.payload.where) + ": payload in the root",
      manifest.payload.run.front()));
  if (generates) TALLY_TRY(CheckGuards(manifest, actions, tree));
  return tree;
}

}  // namespace tally
