// The events of a measurement of an IGVM file, kept in a list.
#pragma once

#include <vector>

#include "measure/igvm_plan.h"

namespace tally::test {

struct KeptEvents {
  // Folding appends to `events`; this must outlive it.
  IgvmFolding Folding() {
    return {.event = [this](const Event& event) { events.push_back(event); },
            .done = {}};
  }

  std::vector<Event> events;
};

}  // namespace tally::test
