// Package diag holds source files, positions in them, and the diagnostics
// that every part of loward reports about them.
//
// It is a leaf: it imports nothing of loward. Mistakes in the user's input are
// Diagnostics (a list, all of them at once); Go's error means that the tool
// itself failed.
//
//	f := diag.NewFile("fw.low", []byte("zone lan = eth0\n"))
//	var l diag.List
//	l.Errorf(f.Span(5, 8), "zone %s is declared twice", "lan").Helpf("rename one of them")
//	for _, d := range l.All {
//		fmt.Println(d.Span, d.Message, d.Help)
//	}
package diag
