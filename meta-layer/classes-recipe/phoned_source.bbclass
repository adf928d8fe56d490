# What is made of phoned's repository can be made only where that is. A copy of the layer on its own is read all the same, and
# whoever asks for one of its recipes is told what is missing.
# It has to be known while the recipe is read, before bitbake looks for its files.
# nooelint: oelint.task.noanonpython
python () {
    source = d.getVar("PHONED_SOURCE")
    bb.parse.mark_dependency(d, os.path.join(source, "Cargo.toml"))
    if not os.path.exists(os.path.join(source, "crates/phoned/Cargo.toml")):
        raise bb.parse.SkipRecipe("PHONED_SOURCE names '%s', and phoned's repository is not there: name it in local.conf" % source)
}
