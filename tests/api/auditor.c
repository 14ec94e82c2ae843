/* An LD_AUDIT library that agrees to everything: its presence alone changes how the loader lays out
 * TLS. */
/* SPDX-License-Identifier: MIT */
unsigned la_version(unsigned version);

unsigned la_version(unsigned version) {
    return version;
}
