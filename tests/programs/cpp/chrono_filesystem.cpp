// std::filesystem in a temporary directory and std::chrono's arithmetic, with their errors as codes
// and exceptions.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace std::chrono;

int main() {
  fs::path root = fs::temp_directory_path() / "kiln-filesystem-test";
  fs::remove_all(root);
  fs::create_directories(root / "a/b/c");
  for (int i = 0; i < 20; i++)
    std::ofstream(root / "a" / ("file" + std::to_string(i) + (i % 2 ? ".txt" : ".dat")))
        << std::string(static_cast<std::size_t>(i) * 10, 'x');
  std::vector<std::string> names;
  std::uintmax_t size = 0;
  for (auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file())
      size += entry.file_size();
    names.push_back(entry.path().lexically_relative(root).string());
  }
  std::sort(names.begin(), names.end());
  std::printf("%zu %ju %s %s\n", names.size(), size, names.front().c_str(), names.back().c_str());
  fs::rename(root / "a/file3.txt", root / "a/b/moved.txt");
  fs::copy(root / "a/b", root / "copy", fs::copy_options::recursive);
  std::printf("%d %d\n", fs::exists(root / "copy/moved.txt"), fs::exists(root / "a/file3.txt"));
  std::error_code code;
  fs::file_size(root / "absent", code);
  std::printf("%d ", code == std::errc::no_such_file_or_directory);
  try {
    fs::file_size(root / "absent");
  } catch (const fs::filesystem_error& e) {
    std::printf("%d\n", e.code() == code);
  }
  fs::path p = "/one/two/../three/./file.tar.gz";
  std::printf("%s %s %s %s\n", p.lexically_normal().c_str(), p.stem().c_str(),
              p.extension().c_str(), p.parent_path().filename().c_str());
  std::printf("%ju\n", fs::remove_all(root));

  long total = 0;
  auto last = steady_clock::now();
  for (int i = 0; i < 1000; i++) {
    auto t = steady_clock::now();
    total += t < last;
    last = t;
    milliseconds ms(i * 137);
    total += duration_cast<seconds>(ms).count() + floor<minutes>(ms).count() + (1h + ms > 61min);
    year_month_day day = sys_days(2024y / January / 1) + days(i);
    total += static_cast<int>(unsigned(day.day())) + (day.year() == 2024y) +
             weekday(sys_days(day)).c_encoding();
  }
  std::mt19937_64 engine(42);
  std::uniform_int_distribution<int> dice(1, 6);
  std::normal_distribution<double> bell(10, 2);
  double sum = 0;
  for (int i = 0; i < 2000; i++) {
    total += dice(engine);
    sum += bell(engine);
  }
  std::printf("%ld %.6f\n", total, sum);
}
