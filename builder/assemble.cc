#include "builder/assemble.h"

#include <algorithm>
#include <string_view>

#include "builder/init_script.h"
#include "builder/merged_path.h"
#include "builder/modules.h"
#include "common/text.h"

namespace tally {
namespace {

PathFilter TreeFilter(const TreeSpec& spec) {
  return [&spec](const std::string& path) {
    const std::string absolute = "/" + path;
    const auto matches = [&](const std::string& glob) {
      return GlobMatches(glob, absolute);
    };
    const bool included =
        spec.include.empty() || std::ranges::any_of(spec.include, matches);
    return included && std::ranges::none_of(spec.exclude, matches);
  };
}

// FileFilter keeps one file; the path is the manifest's, absolute.
Result<PathFilter> FileFilter(const std::string& path) {
  TALLY_ASSIGN(const std::string merged, MergedPath("." + path));
  return PathFilter([merged](const std::string& at) { return at == merged; });
}

Result<PathFilter> FirmwareFilter(const FirmwareSpec& firmware) {
  TALLY_ASSIGN(const PathFilter code, FileFilter(firmware.file));
  if (!firmware.vars) return code;
  TALLY_ASSIGN(const PathFilter vars, FileFilter(*firmware.vars));
  return PathFilter(
      [code, vars](const std::string& at) { return code(at) || vars(at); });
}

// AddModules adds the modules, and the list that init loads them from.
Status AddModules(const std::vector<KernelModule>& modules,
                  const std::string& package, Tree* tree) {
  std::string list;
  for (const KernelModule& module : modules) {
    list += "/" + module.path + "\n";
    TALLY_TRY(tree->Add(module.path, TreeNode{.type = NodeType::kFile,
                                              .mode = 0644,
                                              .content = module.content,
                                              .origin = {"package", package}}));
  }
  return tree->Add("etc/tally/modules", GeneratedFile("modules", list));
}

// PayloadText is what init reads: who is process 1, then one argument a line.
std::string PayloadText(const PayloadSpec& payload) {
  std::string text =
      payload.mode == PayloadMode::kPid1 ? "pid1\n" : "service\n";
  for (const std::string& arg : payload.run) text += arg + "\n";
  return text;
}

// CheckInitPrograms: what our init calls is in the initrd.
Status CheckInitPrograms(const Manifest& manifest, const Tree& initrd) {
  const std::string where = At(manifest, manifest.initrd.where) + ": initrd";
  TALLY_TRY(CheckProgram(initrd, where, "/bin/busybox"));
  if (!manifest.disk) return Ok();
  for (const char* program : {"/sbin/veritysetup", "/sbin/dmsetup"}) {
    TALLY_TRY(CheckProgram(initrd, where, program));
  }
  return Ok();
}

}  // namespace

Status AddMountPoints(std::initializer_list<std::string_view> names,
                      Tree* tree) {
  for (std::string_view name : names) {
    if (tree->Find(name) != nullptr) continue;
    TALLY_TRY(tree->Add(std::string(name),
                        TreeNode{.type = NodeType::kDirectory,
                                 .mode = name == "tmp" ? 01777u : 0755u,
                                 .origin = {"generator", "mount-points"}}));
  }
  return Ok();
}

Status CheckProgram(const Tree& tree, const std::string& where,
                    const std::string& path) {
  const TreeNode* node = tree.Resolve(path);
  if (node != nullptr && node->type == NodeType::kFile &&
      (node->mode & 0111) != 0) {
    return Ok();
  }
  return InputError(where + ": " + Quote(path) + " is " +
                    (node == nullptr ? "not there" : "no program") +
                    ", expected an executable file");
}

Result<Unpacked> UnpackTrees(const Manifest& manifest, const Lock& lock,
                             const Store& store, unsigned num_threads,
                             UnpackOrder order) {
  TALLY_ASSIGN(const PathFilter kernel_image,
               FileFilter(manifest.kernel.image));
  std::map<std::string, PathFilter> filters = {
      {"root", TreeFilter(manifest.root)},
      {"initrd", TreeFilter(manifest.initrd.tree)},
      {"kernel", [kernel_image](const std::string& path) {
         return kernel_image(path) || path.starts_with("usr/lib/modules/");
       }}};
  if (manifest.firmware) {
    TALLY_ASSIGN(filters["firmware"], FirmwareFilter(*manifest.firmware));
  }
  if (manifest.uki) {
    TALLY_ASSIGN(filters["stub"], FileFilter(manifest.uki->stub));
  }
  std::vector<UnpackJob> jobs;
  std::vector<std::string> tree_of_job;
  for (const auto& [tree, filter] : filters) {
    for (const LockedPackage* package : PackagesOf(lock, tree)) {
      jobs.push_back({.package = package, .wanted = filter});
      tree_of_job.push_back(tree);
    }
  }
  TALLY_ASSIGN(std::vector<UnpackedPackage> packages,
               UnpackAll(store, jobs, num_threads, order));
  Unpacked unpacked;
  for (const auto& [tree, filter] : filters) unpacked[tree];
  for (size_t i = 0; i < packages.size(); ++i) {
    unpacked[tree_of_job[i]].push_back(std::move(packages[i]));
  }
  return unpacked;
}

Result<Tree> AssembleInitrd(const Manifest& manifest, const Unpacked& unpacked,
                            const Sources& sources, int format_epoch) {
  const TreeSpec& spec = manifest.initrd.tree;
  Tree tree;
  TALLY_TRY(AddPackages(manifest, spec, unpacked.at("initrd"), &tree));
  TALLY_TRY(AddMountPoints({"dev", "proc", "run", "sys", "sysroot"}, &tree));
  const UnpackedPackage& kernel = unpacked.at("kernel").at(0);
  Result<std::vector<KernelModule>> modules =
      SelectModules(kernel, manifest.initrd.modules);
  if (!modules) {
    return std::move(modules).error().While(
        "choosing the modules of " + At(manifest, manifest.initrd.where));
  }
  TALLY_TRY(AddModules(*modules, kernel.name, &tree));
  TALLY_TRY(
      tree.Add("init", GeneratedFile("init", InitScript(format_epoch), 0755)));
  TALLY_TRY(tree.Add("etc/tally/payload",
                     GeneratedFile("payload", PayloadText(manifest.payload))));
  TALLY_TRY(
      AddSourceTrees(manifest, spec, sources, PathRule::kMergedUsr, &tree));
  TALLY_TRY(
      ApplySpec(manifest, spec, sources.local_files, &tree, sources.downloads));
  TALLY_TRY(AddUsrMergeLinks(&tree));
  TALLY_TRY(CheckOwners(tree));
  TALLY_TRY(CheckInitPrograms(manifest, tree));
  return tree;
}

Result<Content> FileOf(const Unpacked& unpacked, const std::string& tree,
                       const std::string& path, const std::string& where) {
  const UnpackedPackage& package = unpacked.at(tree).at(0);
  TALLY_ASSIGN(const std::string merged, MergedPath("." + path));
  for (const UnpackedEntry& entry : package.entries) {
    if (entry.path == merged && entry.type == NodeType::kFile) {
      return entry.content;
    }
  }
  return InputError(where + ": package '" + package.name + "' has no file " +
                    Quote(path));
}

}  // namespace tally
