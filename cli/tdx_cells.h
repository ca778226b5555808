// The cells of a target for tdx: one for each memory size and number of vCPUs.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cli/acpi_directory.h"
#include "cli/boot_cells.h"
#include "measure/tdx_mrtd.h"
#include "measure/tdx_rtmr.h"

namespace tally {

// TdxCell is one machine of the matrix. A cloud's launch has one, whose memory
// and vCPUs count for nothing.
struct TdxCell {
  uint64_t memory_bytes = 0;
  uint32_t num_vcpus = 0;
  FoundAcpi acpi;
  Json profile;
};

// TdxCells is what a target launches, with the files that it views.
struct TdxCells {
  BootArtifacts files;
  std::unique_ptr<Tdvf> tdvf;  // null: a cloud's firmware
  TdxPageOrder page_order = TdxPageOrder::kSinglePass;
  // Without ACPI tables: these are the cells'.
  TdxBoot boot;
  std::vector<TdxCell> cells;
};

// OpenTdxCells reads ACPI tables that are below `sources`.
Result<TdxCells> OpenTdxCells(const Manifest& manifest, const TdxTarget& spec,
                              const fs::path& artifacts,
                              const fs::path& sources);

// PredictTdxCells makes the prediction of each cell.
Result<std::vector<TdxPrediction>> PredictTdxCells(const TdxCells& cells);

// MeasureTdxTarget measures the artifacts.
Result<std::vector<MeasuredTarget>> MeasureTdxTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts,
                                                     const fs::path& sources);

}  // namespace tally
