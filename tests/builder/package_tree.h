// A tree that a package brought.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "builder/tree.h"

namespace tally::test {

// PackageTree has files by path, with mode 0644, of package p.
inline Tree PackageTree(const std::map<std::string, std::string>& files) {
  Tree tree;
  for (const auto& [path, text] : files) {
    EXPECT_TRUE(tree.Add(path, {.mode = 0644,
                                .content = TextContent(text),
                                .origin = {"package", "p"}}));
  }
  return tree;
}

}  // namespace tally::test
