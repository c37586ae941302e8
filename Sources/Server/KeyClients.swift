import BoundaryText
import ConnectWise
import Outbound
import Ticketing

/// What fetches the keys of callbacks. They are fetched while ConnectWise waits for our answer, so they do not queue for
/// the budget; how many there may be ``ConnectWiseCallbacks`` says. Those that strangers cause have a circuit of their
/// own: what they make fail must not keep us from a new key.
struct KeyClients: Sendable {
    /// For keys that have verified something.
    let proven: ConnectWiseClient
    /// For all others.
    let others: ConnectWiseClient

    init(
        site: Site, credentials: ConnectWiseCredentials, outbound: OutboundClient, _ connection: PSAConnection.ID?
    ) {
        let name = connection.map { "\($0)" } ?? "test"
        proven = ConnectWiseClient(
            site: site, credentials: credentials, outbound: outbound,
            remote: Remote("connectwise-key:\(name)", for: .psa))
        others = ConnectWiseClient(
            site: site, credentials: credentials, outbound: outbound,
            remote: Remote("connectwise-key-new:\(name)", for: .psa))
    }
}
