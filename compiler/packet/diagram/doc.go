// Package diagram is interval decision diagrams: functions from a few variables,
// each of finitely many classes, to leaves. A node asks for one variable and has an
// edge for each run of classes that go the same way; equal nodes are one node, so
// that equal functions are equal numbers.
//
//	s := diagram.New(1 << 20)
//	port := s.Var(3) // classes: below 80, 80, above
//	web := s.In(port, 1, 1)
//	fate := s.Ite(web, diagram.Leaf(7), diagram.Leaf(9))
//	s.Eval(fate, []uint32{1}) // 7
//
// What a class stands for is the caller's business. Variables are asked for in the
// order in which they were made.
package diagram
