// Descriptor owns a file descriptor.
#pragma once

#include <unistd.h>

#include <utility>

namespace tally {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() { Close(); }

  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  // Close returns false if the system reported a failure (see errno). Closing
  // an invalid descriptor succeeds.
  bool Close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor < 0 || close(descriptor) == 0;
  }

 private:
  int descriptor_ = -1;
};

}  // namespace tally
