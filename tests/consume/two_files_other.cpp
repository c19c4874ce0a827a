// The second file of the program of two_files_main.cpp.
#include "gptoss/core/presets.hpp"
#include "gptoss/validate.hpp"

int layers_counted_elsewhere();

int layers_counted_elsewhere() {
    return gptoss::preset_tiny().n_layers;
}
