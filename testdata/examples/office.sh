#!/bin/sh
# The firewall of an office, as a script that runs when the machine starts.
# Try: loward compile -t iptables office.sh

IPT=/sbin/iptables
LAN=10.1.0.0/24
WAN_IF=wan0

start() {
	for chain in INPUT FORWARD; do
		$IPT -P "$chain" DROP
	done
	$IPT -F
	$IPT -t nat -F

	$IPT -A INPUT -i lo -j ACCEPT
	$IPT -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
	for port in 22 80 443; do
		$IPT -A INPUT -p tcp -s $LAN --dport $port -j ACCEPT
	done

	ipset create -exist servers hash:ip
	ipset add -exist servers 10.1.0.10
	ipset add -exist servers 10.1.0.11
	$IPT -A FORWARD -o "$WAN_IF" -m set --match-set servers src -j ACCEPT
	$IPT -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT

	iptables-restore --noflush <<RULES
*nat
-A POSTROUTING -s $LAN -o $WAN_IF -j MASQUERADE
COMMIT
RULES
}

stop() {
	$IPT -P INPUT ACCEPT
	$IPT -F
}

case "${1:-start}" in
start) start ;;
stop) stop ;;
*)
	echo "usage: $0 {start|stop}" >&2
	exit 1
	;;
esac
