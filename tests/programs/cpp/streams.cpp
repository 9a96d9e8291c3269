// iostreams: cin, cout and cerr, formats and manipulators, string and file streams, own operators,
// tied and synced.
// STDIN: 12 3.5 word rest of line\n0x1f 077 yes\n1 2 3 4 x 5\n
// STDERR: to cerr
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

struct Point {
  int x, y;
};
std::ostream& operator<<(std::ostream& out, const Point& p) {
  return out << '(' << p.x << ',' << p.y << ')';
}
std::istream& operator>>(std::istream& in, Point& p) {
  char open, comma, close;
  return in >> open >> p.x >> comma >> p.y >> close;
}

__attribute__((noinline)) static std::string format(int i) {
  std::ostringstream out;
  out << std::setw(6) << std::setfill('.') << i << ' ' << std::hex << std::showbase << i << std::dec
      << ' ' << std::fixed << std::setprecision(3) << i / 7.0 << ' ' << std::scientific << i * 1.5
      << std::defaultfloat << ' ' << std::boolalpha << (i % 2 == 0) << ' ' << Point{i, -i};
  return out.str();
}

int main() {
  int i, hex, oct;
  double d;
  std::string word, rest, yes;
  std::cin >> i >> d >> word;
  std::getline(std::cin, rest);
  std::cin >> std::hex >> hex >> std::oct >> oct >> std::dec >> yes;
  std::cout << i << ' ' << d << ' ' << word << " [" << rest << "] " << hex << ' ' << oct << ' '
            << yes << '\n';
  int sum = 0, value;
  while (std::cin >> value)
    sum += value;
  std::cout << sum << ' ' << std::cin.fail() << std::cin.eof() << '\n';
  std::cin.clear();
  std::cin.ignore(1);
  std::cin >> value;
  std::cout << value << '\n';
  unsigned h = 0;
  for (int k = 0; k < 400; k++) {
    std::string s = format(k);
    for (char c : s)
      h = h * 31 + static_cast<unsigned char>(c);
    Point p{};
    std::istringstream(s.substr(s.rfind('('))) >> p;
    h += static_cast<unsigned>(p.x * 2 + p.y);
  }
  std::cout << h << '\n' << format(255) << '\n';
  std::string path =
      std::string(std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp") + "/kiln-streams-file";
  {
    std::ofstream file(path);
    for (int k = 0; k < 100; k++)
      file << k * k << (k % 10 == 9 ? '\n' : ' ');
  }
  std::ifstream file(path);
  long total = 0;
  while (file >> value)
    total += value;
  std::cout << total << ' ' << std::ifstream(path + "-absent").is_open() << '\n';
  std::remove(path.c_str());
  std::cerr << "to cerr" << std::endl;
  std::clog << "to clog\n";
  std::cout << std::left << std::setw(8) << "left" << '|' << std::right << std::setw(8) << "right"
            << '|' << std::internal << std::setw(8) << -42 << "|\n"
            << std::quoted("quo\"ted") << ' '
            << std::put_time(std::gmtime(new std::time_t(0)), "%F") << std::endl;
  std::cout << 1e100 << ' ' << -0.0 << ' ' << 1.0f / 3 << ' ' << 'c' << ' '
            << static_cast<void*>(nullptr) << ' ' << true << std::endl;
  std::cout.exceptions(std::ios::badbit);
  try {
    std::cout.setstate(std::ios::badbit);
  } catch (const std::ios_base::failure&) {
    std::cout.clear();
    std::cout << "failure caught\n";
  }
}
