// Package nft lowers a host's view of a policy to one inet table in the shape
// that nftables runs fast and replaces without a hole: base chains that stay
// for ever, hash sets for exact tuples, interval sets with the address first,
// and chains of their own only for what elements can't say.
//
// Where decisions stand:
//
//   - prerouting, -150: before NAT, so that the destination is the original
//     one. Spoofed sources die here, and so does what a service claims and
//     nobody allows. What a service allows is labelled (ct label), so that the
//     blocks let it pass whatever its destination has become.
//   - local, -150 in output: local delivery, before NAT as well.
//   - input, forward, output, 0: the blocks inbound, forward and outbound.
//   - dstnat, dstnat_output, srcnat: publish and masquerade, where a policy
//     has them.
//
// The order of a packet's decisions in prerouting: services' exact sets,
// interval sets, then the map of claimed addresses, which ends the matter for
// a service's own address; then what is claimed by traffic on addresses that
// other things live on too: first everything that anybody allows, then what is
// claimed and refused.
package nft
