// What the command line says of itself: its help, and what is wrong with one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/result.h"

namespace CLI {
class App;
}

namespace tally {

// IsWord: the argument is no option.
inline bool IsWord(const std::string& arg) { return !arg.starts_with("-"); }

// HelpText returns the help of the innermost command that was parsed.
std::string HelpText(const CLI::App& tally);

// UsageFailure returns what is wrong with a line that does not parse: an
// unknown command, a missing one, else `what`.
Error UsageFailure(const CLI::App& tally, const std::string& what,
                   const std::vector<std::string>& args);

// UnexpectedArgument is UsageFailure for arguments that nothing takes. It names
// the first one, and the option that it resembles.
Error UnexpectedArgument(const CLI::App& tally,
                         const std::vector<std::string>& args);

// FindEmptyValue returns the name of an option that was given an empty value,
// mostly a variable of a script that was never set. A kernel's command line may
// be empty.
std::optional<std::string> FindEmptyValue(const CLI::App& tally);

}  // namespace tally
