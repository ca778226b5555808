#include "cli/app_measure_tdx.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/app_checks.h"
#include "cli/measure_tdx_command.h"
#include "cli/why_tdx_command.h"

namespace tally {
namespace {

void AddMachineOptions(CLI::App* app, MeasureTdxFlags* flags) {
  app->add_option("--firmware,--bios", flags->firmware,
                  "firmware with TDX metadata (OVMF.fd)");
  app->add_option("--memory", flags->memory,
                  "memory of the guest: 4G (2G,4G: a matrix)")
      ->delimiter(',');
  app->add_option("--vcpus,--cpus", flags->vcpus,
                  "number of vCPUs (1,2,4: a matrix)")
      ->delimiter(',')
      ->check(Decimal);
  app->add_option("--vars", flags->vars,
                  "variable store, in place of the firmware's own");
  app->add_option("--event-log", flags->event_log,
                  "trusted CCEL of a boot, for RTMRs that cannot be predicted");
  app->add_flag("--firmware-has-secure-boot", flags->firmware_has_secure_boot,
                "firmware is built with Secure Boot, though no keys are there");
  app->add_option("--qemu-version", flags->qemu_version,
                  "QEMU of the host: 8.2, 9.2 (default), 10.2 …");
  app->add_option("--platform", flags->platform,
                  "ovmf-2023.02 (default), ovmf-separator-rtmr0 or "
                  "ovmf-2025.05");
  app->add_option("--page-order", flags->page_order,
                  "single-pass or two-pass (default: of the QEMU version)");
  app->add_option("--acpi", flags->acpi.directory,
                  "directory with table-loader, rsdp and tables, or one for "
                  "each machine");
}

void AddAcpiOptions(CLI::App* app, TdxAcpiFlags* flags) {
  app->add_flag("--acpi-from-qemu", flags->from_qemu,
                "ask qemu-system-x86_64, without running a guest");
  app->add_option("--acpi-save", flags->save,
                  "write what it says to this directory, for --acpi");
  app->add_option("--acpi-qemu", flags->qemu, "the QEMU to ask");
  app->add_option("--acpi-qemu-arg", flags->qemu_args,
                  "argument of the launch: a device (one a time)")
      ->allow_extra_args(false);
  app->add_option("--acpi-machine", flags->machine,
                  "of -machine q35: smm=off,pic=off,hpet=off (default)");
  app->add_option("--acpi-ecam", flags->ecam,
                  "where firmware puts PCI configuration: 0xe0000000 "
                  "(default), 0xb0000000");
  app->add_option("--acpi-mmio64", flags->mmio64,
                  "where it puts the first device above 4 GiB");
}

void AddBootOptions(CLI::App* app, MeasureTdxFlags* flags) {
  app->add_option("--kernel", flags->kernel, "kernel that QEMU loads");
  app->add_option("--initrd", flags->initrd, "its initrd");
  app->add_option("--cmdline", flags->cmdline, "its command line");
  app->add_option("--uki", flags->uki,
                  "unified kernel image, as QEMU's -kernel, or on --disk if "
                  "its file system is not read");
  app->add_option("--disk", flags->disk,
                  "disk that has the image; its partition table counts");
  app->add_option("--boot-disk-pci", flags->boot_disk_pci,
                  "with --disk: place of the virtio block device: 1.0");
}

}  // namespace

void AddMeasureTdx(CLI::App* measure, Console& console,
                   const ChooseCommand& choose) {
  CLI::App* app =
      measure->add_subcommand("tdx", "MRTD and RTMRs of an Intel TDX guest");
  // The parser's callback keeps the flags alive.
  const auto flags = std::make_shared<MeasureTdxFlags>();
  app->callback([flags, choose, &console] {
    choose([flags, &console] { return RunMeasureTdx(*flags, console); });
  });
  AddMachineOptions(app, flags.get());
  AddAcpiOptions(app, &flags->acpi);
  AddBootOptions(app, flags.get());
  app->add_flag("--platform-only", flags->platform_only,
                "only MRTD and RTMR 0: what the platform is");
  app->add_flag("--runtime-only", flags->runtime_only,
                "only RTMR 1 and 2: what boots");
  app->add_flag("--explain", flags->explain, "every step");
}

void AddWhyTdx(CLI::App* why, Console& console, const ChooseCommand& choose) {
  CLI::App* app = why->add_subcommand(
      "tdx", "search the neighbourhood of an Intel TDX guest's launch");
  const auto flags = std::make_shared<WhyTdxFlags>();
  app->callback([flags, choose, &console] {
    choose([flags, &console] { return RunWhyTdx(*flags, console); });
  });
  app->add_option("--expected", flags->expected,
                  "the registers to explain: mrtd=HEX,rtmr0=HEX,rtmr1=HEX …")
      ->delimiter(',')
      ->required();
  AddMachineOptions(app, &flags->launch);
  AddBootOptions(app, &flags->launch);
}

}  // namespace tally
