// Work: C++ maps, sets, vectors and strings, filled from a text, changed, copied and freed. Argument: the text file.
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <fstream>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Word {
    std::string text;
    std::vector<int> lines;
    std::map<std::string, int> followers;
};

using Words = std::unordered_map<std::string, std::unique_ptr<Word>>;

void take_line(Words &words, const std::string &line, int number) {
    std::istringstream in(line);
    std::string text;
    Word *last = nullptr;
    while (in >> text) {
        auto &word = words[text];
        if (!word) word = std::make_unique<Word>(Word{text, {}, {}});
        word->lines.push_back(number);
        if (last) last->followers[text]++;
        last = word.get();
    }
}

// The words that often follow another, as a copy, in alphabetical order.
std::map<std::string, std::list<std::string>> often(const Words &words) {
    std::map<std::string, std::list<std::string>> result;
    for (const auto &[text, word] : words)
        for (const auto &[next, count] : word->followers)
            if (count > 1) result[next].push_back(text + " " + std::to_string(count));
    return result;
}

void drop_rare(Words &words) {
    for (auto at = words.begin(); at != words.end();) at = at->second->lines.size() < 4 ? words.erase(at) : ++at;
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    std::vector<std::string> lines;
    std::ifstream file(argv[1]);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    Words words;
    for (size_t i = 0; i < lines.size(); i++) take_line(words, lines[i], static_cast<int>(i));
    auto pairs = often(words);
    drop_rare(words);
    std::set<std::string> ends;
    for (const auto &line : lines) ends.insert(line.substr(line.size() / 2));
    std::sort(lines.begin(), lines.end());
    std::string all;
    for (const auto &[text, some] : pairs)
        for (const auto &one : some) all += text + ": " + one + "\n";
    std::cout << words.size() << " " << pairs.size() << " " << ends.size() << " " << all.size() << "\n";
    return all.size() < 1000;
}
