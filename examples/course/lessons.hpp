// The exercises of the course, a file per lesson (lesson_1.cpp ...): their worked numbers, their
// hidden inputs. scripts/courselib/exercises.py has the same names, and what a student is told.
#pragma once
#include <vector>

#include "checks.hpp"

namespace gptoss::course {

std::vector<Exercise> lesson_1();
std::vector<Exercise> lesson_2();
std::vector<Exercise> lesson_3();
std::vector<Exercise> lesson_4();
std::vector<Exercise> lesson_5();
std::vector<Exercise> lesson_6();
std::vector<Exercise> lesson_7();
std::vector<Exercise> lesson_8();
std::vector<Exercise> lesson_9();

}  // namespace gptoss::course
