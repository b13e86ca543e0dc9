// The terminal: messages and a progress bar on standard error, Ctrl-C, UTF-8 on Windows too.
#pragma once

#include <string>
#include <vector>

namespace tool {

// The arguments as UTF-8, and a console that shows UTF-8.
std::vector<std::string> utf8_arguments(int argc, char** argv);

bool is_terminal_in();
bool is_terminal_out();
bool is_terminal_err();

// A line on standard error: what is not the reply itself.
void tell(const std::string& line);

// From now on Ctrl-C only sets a mark, which take_interrupt() reads and takes away.
void catch_interrupts();
bool take_interrupt();

// On a terminal a bar that is drawn again in place; elsewhere percentages along one line.
class ProgressBar {
  public:
    ProgressBar(std::string title, bool is_hidden);
    ~ProgressBar();  // ends the line
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    void show(double fraction, const std::string& what);

  private:
    std::string title_;
    bool is_hidden_;
    bool is_live_;
    int percent_ = -1;
    std::string what_;
};

}  // namespace tool
