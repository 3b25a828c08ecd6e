package shell

import "flag"

var update = flag.Bool("update", false, "write the expected results anew")
