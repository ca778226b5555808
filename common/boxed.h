// Boxed: a value with a place of its own, for the rare large alternative of a
// variant, which would make each of the others as large.
#pragma once

#include <memory>
#include <utility>

namespace tally {

// Boxed copies and compares what it holds. It is empty only when moved from.
template <typename T>
class Boxed {
 public:
  // Implicit: a T is as good as a Boxed<T>.
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : Boxed(*other) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) { return *this = Boxed(other); }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return value_.get(); }
  T* operator->() { return value_.get(); }
  // So that a visitor takes a T.
  operator const T&() const { return *value_; }

  bool operator==(const Boxed& other) const { return **this == *other; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace tally
