// Two files of one program include everything: nothing may be defined twice.
#include "gptoss/core/presets.hpp"
#include "gptoss/validate.hpp"

int layers_counted_elsewhere();

int main() {
    return layers_counted_elsewhere() == gptoss::preset_tiny().n_layers ? 0 : 1;
}
