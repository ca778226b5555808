// Functions of shared libraries that only some commands need, found when they
// are first called.
//
// libcurl and libarchive bring some forty more libraries with them. Loading all
// of them takes longer than measuring a firmware does.
#pragma once

#include <atomic>

namespace tally {

// FindInLibrary loads the library (once) for the life of the process and
// returns the address of its function. A library or function that is not there
// ends the process with status 4 and the dynamic linker's reason, as the linker
// itself would have ended a program that was linked with the library.
void* FindInLibrary(const char* soname, const char* function);

// LazyFunction<decltype(&f)> is called like f. Defined in namespace tally under
// f's own name, it takes f's place for all code there.
template <typename Pointer>
class LazyFunction {
 public:
  constexpr LazyFunction(const char* soname, const char* name)
      : soname_(soname), name_(name) {}

  // A call goes through this conversion: arguments are checked as f's are.
  operator Pointer() const {
    void* address = address_.load(std::memory_order_acquire);
    if (address == nullptr) {
      address = FindInLibrary(soname_, name_);
      address_.store(address, std::memory_order_release);
    }
    return reinterpret_cast<Pointer>(address);
  }

 private:
  const char* soname_;
  const char* name_;
  mutable std::atomic<void*> address_ = nullptr;
};

}  // namespace tally
