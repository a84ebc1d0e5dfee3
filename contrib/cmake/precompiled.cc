// Nothing: the source of the targets that hold the precompiled headers.
