// The search of measure/snp_why for launches with an SVSM.
#pragma once

#include "measure/snp_why.h"

namespace tally {

// PlanSvsmSearch lists what is tried: the launch must have an SVSM.
SnpSearchPlan PlanSvsmSearch(const SnpSearch& search);

}  // namespace tally
