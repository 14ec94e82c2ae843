/* An LD_AUDIT library that agrees to everything: its presence alone changes how the loader lays out
 * TLS. */
unsigned la_version(unsigned version);

unsigned la_version(unsigned version) {
    return version;
}
