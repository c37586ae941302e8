import Foundation
import SimulatedWorld
import SimulatorStage

/// How the played ConnectWise behaves.
public struct ConnectWiseOptions: Sendable {
    /// Where it listens.
    public var listening = Listening()
    /// The name typed on the login screen; compared without case.
    public var company = "rivermark"
    /// Public key of the API member.
    public var publicKey = "SimulatedPublic1"
    /// Private key of the API member.
    public var privateKey = "SimulatedPrivate"
    /// The clientId that is accepted; nil: any that is not empty.
    public var clientID: String?
    /// Path segment before `apis/3.0`; `v4_6_release` works besides it.
    public var codebase = "v2026_1"
    /// Identifier of the member whose keys these are.
    public var apiMember = "PatchbayAPI"
    /// Wrong keys answer 404 as on cloud instead of 401.
    public var hidesBadKeys = false
    /// `IsCloud` of companyinfo is the text "True" instead of a boolean.
    public var cloudFlagIsText = false
    /// `/system/info` answers without credentials, as seen on some instances.
    public var openSystemInfo = true
    /// The key that signs callbacks; nil: a random one.
    public var signingKey: String?
    /// The signing key is told only to those with credentials.
    public var signingKeyNeedsCredentials = false
    /// How many callbacks one change sends to each entry: ConnectWise often sends several at once.
    public var callbacksPerChange = 1
    /// Waits before a refused callback is sent again (404, 409, 419, 429).
    public var callbackPauses: [Duration] = [.seconds(2), .seconds(4)]
    /// Base URL in `key_url` and hrefs, without a trailing slash; nil: where it listens.
    public var publicURL: String?
    /// Calls a minute before 429; nil: no limit.
    public var callsPerMinute: Int? = 1000
    /// What every call takes at least.
    public var latency: Duration = .zero
    /// How many calls are remembered.
    public var callLogCapacity = 10_000
    /// The world at the start.
    public var world = World()
    /// What time it is; ConnectWise tells whole seconds of it.
    public var now: @Sendable () -> Date = { Date() }

    /// A Rivermark on a free port of 127.0.0.1.
    public init() {}
}
