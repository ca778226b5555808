// The options of the commands that measure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/measure_flags.h"
#include "cli/measure_igvm_command.h"
#include "cli/why_command.h"

namespace CLI {
class App;
}

namespace tally {

// ChooseCommand is called with the command that the line names.
using ChooseCommand = std::function<void(std::function<Status()>)>;

// MeasureCommands adds `measure` or `why` to a parser and holds what they fill;
// it must outlive the parser's run.
class MeasureCommands {
 public:
  MeasureCommands(Console& console, ChooseCommand choose)
      : console_(console), choose_(std::move(choose)) {}

  void AddMeasure(CLI::App& app);
  void AddWhy(CLI::App& app);

 private:
  void AddLaunch(CLI::App* measure, LaunchKind kind, const char* name,
                 const char* description, MeasureLaunchFlags* flags);
  void AddOvmfHash(CLI::App* measure);
  void AddIgvm(CLI::App* measure);
  void AddNitro(CLI::App* measure);
  void AddWhyLaunch(CLI::App* why, LaunchKind kind, const char* name,
                    const char* launch, WhyFlags* flags);

  Console& console_;
  ChooseCommand choose_;
  MeasureLaunchFlags snp_;
  MeasureLaunchFlags sev_;
  MeasureLaunchFlags sev_es_;
  OvmfHashFlags ovmf_hash_;
  MeasureLaunchFlags unused_;
  MeasureIgvmFlags igvm_;
  MeasureNitroFlags nitro_;
  WhyFlags why_snp_;
  WhyFlags why_sev_es_;
  WhyFlags why_sev_;
};

// TranslateMode rewrites the command line of sev-snp-measure, "measure --mode
// snp …", and its names with a colon, to ours.
void TranslateMode(std::vector<std::string>* args);

}  // namespace tally
