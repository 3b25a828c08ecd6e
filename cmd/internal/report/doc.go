// Package report renders diagnostics for people and for programs.
//
//	report.Text(os.Stderr, diagnostics, report.Options{Color: onTerminal})
//
// prints each with the source line it is about:
//
//	fw.low:3:11: error[LW002]: unknown clause "form"
//	 3 | allow dns form lan
//	   |           ^^^^
//	   = help: did you mean "from"?
//	1 error
//
// What comes from a file is printed so that it can't steer a terminal: control
// characters and invisible characters are shown as their code points.
package report
