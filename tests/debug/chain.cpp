#include <cstdlib>
#include <stdexcept>

namespace shapes {
static volatile int kept;

struct Shape {
  virtual ~Shape() = default;
  virtual int area() const = 0;
};

struct Square final : Shape {
  explicit Square(int side) : side(side) {}
  __attribute__((noinline)) int area() const override {
    kept = side; // here C++ stops
    if (side > 100)
      throw std::runtime_error("large");
    return side * side;
  }
  int side;
};

__attribute__((noinline)) int measure(const Shape &shape) {
  int area = shape.area(); // called from here
  kept = area;
  return area + 1;
}
} // namespace shapes

int main() {
  shapes::Square small(4), large(101);
  int result = shapes::measure(small);
  try {
    shapes::measure(large);
  } catch (const std::runtime_error &) {
    result += 1;
  }
  return result == 18 ? 0 : 1;
}
