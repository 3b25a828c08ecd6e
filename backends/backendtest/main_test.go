package backendtest

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more tests run at a time than there are processors: they spend
// their time waiting for packets that do not come. -parallel has the last word.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
