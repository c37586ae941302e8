import API
import BoundaryText
import Foundation
import OpenIDConnect

extension SingleSignOn {
    /// Why somebody is not let in.
    public enum Refusal: Error, Sendable, Equatable {
        /// There is no such provider, or it is switched off.
        case unknownProvider
        /// The way back does not belong to a way that began in this browser within the last ten minutes.
        case unknownState
        /// The provider did not vouch for an address.
        case noEmail
        /// An administrator has to say yes first; and perhaps the provider had too many groups to tell, so that the role
        /// is not what it should be.
        case pending(lacksGroups: Bool)
        /// The account may not sign in.
        case inactive
        /// The address belongs to somebody of another organization.
        case foreignAddress
        /// The account is bound to another subject of a provider, whatever the address is.
        case boundToAnother
        /// An administrator's account has this address; another one has to say that it is the same person.
        case awaitsConfirmation
        /// The provider does not reach as far as the account's role.
        case aboveReach(Role)
        /// No provider admits a super administrator.
        case superAdministrator
        /// Several providers return to one address, and the answer does not say which one it is from.
        case sharedReturn
        /// The provider said no: its own code, such as `access_denied`.
        case refused(String)
        /// Too many tries from this address.
        case wait(Duration)
        /// The provider cannot be used.
        case provider(OpenIDError)

        /// For the record; nil for what is not put there.
        var code: String? {
            switch self {
            case .noEmail: "no_verified_email"
            case .pending: "pending"
            case .inactive: "inactive"
            case .foreignAddress: "other_organization"
            case .boundToAnother: "bound_to_another_subject"
            case .awaitsConfirmation: "awaits_confirmation"
            case .aboveReach: "above_reach"
            case .superAdministrator: "super_administrator"
            case .unknownProvider, .unknownState, .sharedReturn, .refused, .wait, .provider: nil
            }
        }
    }
}
