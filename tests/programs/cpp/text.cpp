// std::string, string_view, regex, charconv, locale facets, u8 and wide text.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <locale>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>

__attribute__((noinline)) static unsigned hash(std::string_view s) {
  unsigned h = 5381;
  for (char c : s)
    h = h * 33 + static_cast<unsigned char>(c);
  return h;
}
__attribute__((noinline)) static std::string edit(int i) {
  std::string s = "number ";
  s += std::to_string(i * 37);
  s.insert(3, "-insert-");
  s.replace(s.find('-'), 1, i % 2 ? "long replacement text" : "");
  std::reverse(s.begin() + 2, s.end());
  if (auto at = s.rfind('3'); at != std::string::npos)
    s.erase(at, 1);
  return s + s.substr(s.size() / 2) + std::string(static_cast<std::size_t>(i % 30), '*');
}

struct Dots : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

int main() {
  unsigned h = 0;
  for (int i = 0; i < 600; i++) {
    std::string s = edit(i), moved = std::move(s), copy = moved;
    h = h * 31 + hash(moved) + static_cast<unsigned>(copy == moved) +
        static_cast<unsigned>(copy.compare(0, 5, "numbe") > 0);
  }
  std::printf("%u\n", h);
  std::regex date(R"((\d{4})-(\d\d)-(\d\d))"), word("[a-z]+", std::regex::icase);
  std::string text = "From 2021-03-04 to 2022-11-30, and not 99-1-1. Words Here";
  for (std::sregex_iterator it(text.begin(), text.end(), date), end; it != end; ++it)
    std::printf("%s/%s/%s ", (*it)[3].str().c_str(), (*it)[2].str().c_str(),
                (*it)[1].str().c_str());
  std::printf(
      "%s %d %td\n", std::regex_replace(text, date, "[$1]").c_str(),
      std::regex_match("2000-01-01", date),
      std::distance(std::sregex_iterator(text.begin(), text.end(), word), std::sregex_iterator()));
  char buffer[40];
  double d;
  int v;
  auto end = std::to_chars(buffer, buffer + 40, 0.1 + 0.2).ptr;
  std::from_chars("3.25e2x", "3.25e2x" + 7, d);
  std::from_chars("-123", "-123" + 4, v);
  std::printf("%.*s %g %d\n", static_cast<int>(end - buffer), buffer, d, v);
  std::ostringstream out;
  out.imbue(std::locale(std::locale::classic(), new Dots));
  out << 1234567 << ' ' << 9876.5;
  std::wstring wide = L"wide";
  wide += L" text";
  std::printf("%s %zu %zu %d\n", out.str().c_str(), wide.size(), std::u8string(u8"äöü").size(),
              std::toupper('q', std::locale::classic()));
  std::string_view view = "key=value; other=thing";
  for (std::size_t from = 0; from < view.size();) {
    auto to = std::min(view.find(';', from), view.size());
    auto pair = view.substr(from, to - from);
    std::cout << pair.substr(pair.find('=') + 1) << ' ' << pair.starts_with("key") << '\n';
    from = to + 2;
  }
}
