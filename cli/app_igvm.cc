#include "cli/app_igvm.h"

#include <CLI/CLI.hpp>

#include "cli/app_checks.h"
#include "cli/app_launch.h"

namespace tally {

void IgvmCommands::AddTo(CLI::App& app) {
  CLI::App* igvm =
      app.add_subcommand("igvm", "files that describe a guest to its loader");
  igvm->require_subcommand(1);

  LaunchFlags& launch = build_.launch;
  CLI::App* build =
      igvm->add_subcommand("build", "make the file of an AMD SEV-SNP guest");
  build->callback(
      [this] { choose_([this] { return RunIgvmBuild(build_, console_); }); });
  build->add_option("-o,--output", build_.output, "file to write")->required();
  build->add_option("--ovmf", launch.ovmf, "firmware image")->required();
  build
      ->add_option("--vcpus", launch.vcpus,
                   "number of vCPUs to predict for (1,2,4: each of them)")
      ->delimiter(',')
      ->required()
      ->check(Decimal);
  AddVcpuOptions(build, &launch);
  build->add_option("--guest-features", launch.guest_features,
                    "SEV_FEATURES: a number or names; default 0x1");
  build->add_option("--vmm-type,--vmm", launch.vmm, "QEMU");
  AddVmsaEra(build, &launch);
  build->add_option("--policy", build_.policy,
                    "guest policy: a number or names (default 0x30000)");
  build->add_option("--kernel", launch.kernel, "kernel that the VMM loads");
  build->add_option("--initrd", launch.initrd, "its initrd");
  build->add_option("--append", launch.append, "its command line");
}

}  // namespace tally
