/* build.c: the generated values behind build.h. It refuses nothing. */
#include "base/build.h"

#include "base/embedded.h"
#include "base/status.h"
#include "base/build_info.h" /* generated into the build folder */

const fm_build *fm_build_get(void) {
    static const fm_build plain = {FM_BUILD_VERSION,
                                   FM_BUILD_COMMIT,
                                   FM_BUILD_COMPILER,
                                   FM_BUILD_TYPE,
                                   FM_BUILD_FLAGS,
                                   FM_BUILD_LIBRARIES,
                                   ""};
    static const fm_build with_model = {
        FM_BUILD_VERSION,   FM_BUILD_COMMIT, FM_BUILD_COMPILER, FM_BUILD_TYPE, FM_BUILD_FLAGS,
        FM_BUILD_LIBRARIES, "mini"};
    return fm_embedded_files[0].path ? &with_model : &plain;
}

const char *fm_version(void) { return FM_BUILD_VERSION; }
