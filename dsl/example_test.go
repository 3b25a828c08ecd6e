package dsl_test

import (
	"fmt"

	"github.com/loward/loward/dsl"
	"github.com/loward/loward/dsl/ast"
)

func ExampleParse() {
	tree, mistakes := dsl.Parse("fw.low", []byte("zone lan = eth0, ppp*\nservce dns { allow dns form lan }\n"))
	for _, d := range mistakes {
		fmt.Printf("%s: %s: %s\n", d.Span, d.Message, d.Help)
	}
	fmt.Println(tree.Body.Stmts[0].(*ast.Zone).Ifaces[1].Text)
	// Output:
	// fw.low:2:1: unknown statement "servce": did you mean "service"?
	// fw.low:2:24: unknown clause "form": did you mean "from"?
	// ppp*
}

func ExampleFormat() {
	text, _ := dsl.Format("fw.low", []byte("inbound{default drop;allow tcp {22,80} on lan}# strict"))
	fmt.Print(string(text))
	// Output:
	// inbound {
	//     default drop
	//     allow tcp { 22, 80 } on lan
	// }  # strict
}

func ExampleParsePacket() {
	packet, _ := dsl.ParsePacket("packet", "tcp from self user nobody to 127.0.0.1:5432")
	fmt.Println(packet.Traffic.Kind.Text, packet.Self, packet.User.Text, packet.To.Text)
	// Output: tcp true nobody 127.0.0.1:5432
}
