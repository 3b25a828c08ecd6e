// Package probes is the language in which the kernel tests say what they expect, the
// hosts that they know, and the rules of others beside which ours are loaded.
// Package lab then builds the hosts and asks the kernel.
//
// A lab is described by a probe file that stands beside a policy:
// testdata/examples/NAME.probes beside NAME.low. Its expectations are written
// by hand from the policy's meaning.
//
// # The format of a probe file
//
// UTF-8, one statement a line, # begins a comment (say there why). Words are
// separated by blanks.
//
//	lab TOPOLOGY                       router, server, guard or container; first, once
//	host NAME [as NODE]                load what is compiled with --host NAME into NODE
//	link NODE DEV                      a further interface (a bridge without members, up)
//	addr NODE DEV ADDR/LEN             a further address; DEV may be lo
//	route NODE DEST via ADDR [dev DEV] [metric N]
//	sysctl NODE KEY VALUE              sysctl self net.ipv4.conf.all.route_localnet 1
//	listen NODE tcp|udp PORT           a further listener (the target of a publish)
//	docker tcp|udp ADDR:PORT to ADDR:PORT   published by a foreign, Docker-like ruleset
//	self off REASON…                   no self checks at all
//	noself ADDR [tcp|udp|ping]… REASON…     none for that address (and protocol)
//	probe NODE PROTO [from ADDR[:PORT]] to ADDR[:PORT] [options] -> accept|drop|reject
//	then  NODE PROTO …                 as probe; runs after the one above, in the same lab
//
// "host NAME" without "as" means the node of that name, else the topology's
// main host. It may be repeated (guard: a ruleset each for gw, home and
// backup). A policy without host blocks has no host line; its ruleset is
// loaded into the main host.
//
// NODE is where the packet starts; "self" is the main host. PROTO is one of
//
//	tcp udp sctp ping
//	icmp T[/C]   icmpv6 T[/C]          one raw ICMP packet of that type (and code)
//	gre esp ah ospf vrrp igmp   proto N     one raw packet of that protocol
//	ftp          a control connection to ADDR:21 and a passive data connection
//	tftp         a read request to ADDR:69 that is answered from another port
//	frag-needed  a tcp connection, then an ICMP "fragmentation needed" (IPv6:
//	             "packet too big") about one of its packets: see below
//
// tcp, udp, sctp, ftp, tftp and frag-needed need a port in "to"; the others
// have none. IPv6 with a port is [ADDR]:PORT. Link-local, multicast and
// broadcast addresses name the device of NODE: fe80::1%eth0,
// [fe80::1%eth0]:53, 224.0.0.5%eth1, 224.0.0.251%eth1:5353, [ff02::fb%eth1]:5353.
// Without "from" the kernel chooses. "from ADDR" binds to it: NODE must own it,
// unless the probe is spoofed. An unspecified address (0.0.0.0:68) binds the
// port only.
//
// # Verdicts
//
//	accept  the answer came back (tcp: connected, and data echoed; udp: echoed;
//	        ping: echo reply; sctp: INIT answered by INIT ACK). icmp, raw
//	        protocols, multicast, broadcast and spoofed packets: received by a
//	        socket at the destination.
//	reject  a TCP reset or an ICMP error came at once.
//	drop    nothing came back in time, and no socket at the destination saw it.
//
// The lab listens on every tcp, udp and sctp port and raw protocol that the
// file names, on every node, so an ICMP error or a reset is never the sign of a
// missing listener. If the request arrived but its answer was lost the result
// is "half", which is never what was expected. If the packet could not even be
// sent (no route, an address that is not there, an unknown user) it is "error".
//
// # Options, in any order
//
//	user NAME      the socket belongs to that user, with the user's groups
//	group NAME     … and has that primary group
//	at=NODE        it must be NODE that answers (or receives): where a
//	               translated connection ended. Required for multicast and
//	               broadcast that are meant for another than the main host.
//	as=ADDR        the source address that the other end must see (masquerade,
//	               preferred source)
//	mark=N         SO_MARK
//	frag           udp, ping: payload larger than the MTU, so it is fragmented
//	bytes=N        tcp: N bytes go there and back in lock step of 1 kB each
//	count=N pass=M N first packets in quick succession, exactly M are accepted;
//	               pass=M..K for a range. udp, tcp, sctp: N connections;
//	               otherwise N packets of one flow. The verdict behind the arrow is
//	               that of the rest (accept where all pass).
//	fresh          run in a lab of its own, loaded for this probe (and the "then"s
//	               behind it) alone, so that no other has used up a limit;
//	               count= implies it
//	spoof          the packet is built by hand with the source "from" (which
//	               NODE need not own) and put on the wire of NODE towards the
//	               main host. udp, tcp, ping, icmp, raw protocols. A %DEV on "to"
//	               chooses the wire, else NODE's first device.
//	kernel         drop: the kernel itself loses this packet, without any rules
//	noconn         frag-needed: there is no such connection
//	by=ADDR        frag-needed: the router that sends the error; default: the
//	               address of the far end
//
// Probes of a file run all at once, except that a "then" waits for the line
// above it, and that probes of the same raw protocol, and those with a port in
// "from", run in rounds with conntrack emptied before each. All probes that are not fresh share one loaded ruleset:
// where a statement has a limit, keep within its burst or say fresh.
//
// frag-needed: NODE connects; when one end is the main host the other end sends
// the error to it, else NODE sends it to the far end. accept: the socket there
// took over the smaller path MTU. With noconn nothing is connected and accept
// means that the host's ICMP socket saw the error.
//
// Multicast and broadcast: every listener joins the groups that the file names,
// on every device. Without at= it is the main host that must receive, also what
// it has sent itself (which comes back on the NIC with its own source).
//
// Where a file has spoof probes the main host gets accept_local=1, and
// route_localnet=1 too if a spoof has an address in 127/8, so that the packets
// would pass but for the guard. In each file every probe that expects drop or
// reject is also run without our ruleset, where it must be accepted: a probe that
// can't fail is an error. "kernel" says that it is the kernel that drops it;
// count= and noconn are left out.
//
// # Topologies
//
// All peers have default routes through the main host (both families), the main
// host has its own through the peer on the outside. "banned" addresses are those
// that the fail2ban-like ruleset bans from tcp 22. Link-local addresses are as
// listed, and no others.
//
//	router     router  eth0 10.10.0.1/24                            fe80::b:0
//	                   eth1 10.10.1.1/24     fd00:1::1/64           fe80::b:1
//	                   wan1 203.0.113.1/24   2001:db8:1::1/64       fe80::b:2
//	           lan0    eth0 10.10.0.7/24 10.10.0.9 10.10.0.80       fe80::c:0  (on eth0)
//	           lan1    eth0 10.10.1.7/24 10.10.1.66 fd00:1::7/64 fd00:1::66    fe80::c:1  (on eth1)
//	           wan     eth0 203.0.113.9/24   2001:db8:1::9/64       fe80::1    (on wan1)
//	                        198.51.100.7 198.51.100.25 2001:db8:99::7 2001:db8:99::25
//	                        banned: 203.0.113.66 2001:db8:1::66
//	server     server  wan1 203.0.113.1/24   2001:db8:1::1/64       fe80::b:0
//	                   lan1 192.168.77.1/24  2001:db8:2::1/64       fe80::b:1
//	           wan     eth0 as above, on wan1
//	           lan     eth0 192.168.77.10/24 192.168.77.20 2001:db8:2::10/64 2001:db8:2::20   fe80::c:1
//	guard      gw      eth0 10.10.0.1/24     fd00::1/64             fe80::b:0
//	                   eth1 10.10.1.1/24     fd00:1::1/64           fe80::b:1
//	                   wan1 203.0.113.1/24   2001:db8:1::1/64       fe80::b:2
//	           home    eth0 10.10.0.53/24    fd00::53/64            fe80::d:0  (gw's eth0)
//	           backup  eth0 10.10.1.53/24    fd00:1::53/64          fe80::d:1  (gw's eth1)
//	           lan0    eth0 10.10.0.7/24 10.10.0.9 fd00::7/64       fe80::c:0  (gw's eth0)
//	           lan1    eth0 10.10.1.7/24 10.10.1.66 fd00:1::7/64 fd00:1::66    fe80::c:1  (gw's eth1)
//	           wan     eth0 as above, on wan1
//	container  server  wan1, lan1 as server, and
//	                   docker0 172.17.0.1/16 fd17::1/64             fe80::1
//	           ctr     eth0 172.17.0.2/16    fd17::2/64             fe80::c:2  (on docker0)
//	           wan, lan  as server
//
// The first node of each is the main host. All of them forward but lan0, lan1,
// lan, wan and ctr. wan's fe80::1 is that of a gateway, in "container" the same as
// docker0's. The files that "compile -t iproute" wrote for each loaded host are
// applied first, so service addresses stand on lo and routes to services homed
// elsewhere exist.
//
// # Example
//
//	lab router
//	host router
//	probe lan0 udp to 10.53.53.53:53 -> accept                  # allow dns on lan
//	probe wan tcp from 203.0.113.9 to 10.53.53.53:53 -> drop    # claimed, closed
//	probe self tcp user nobody to 127.0.0.1:5432 -> reject      # not daemon, mail
//	probe lan0 ping to 10.53.53.53 count=60 pass=40..42 -> drop # limit 20/second burst 40
//	probe wan udp spoof from 2001:db8:1::1 to [2001:db8:1::1]:53 -> drop
package probes
