import API
import BoundaryText
import Foundation
import OpenIDConnect

extension SingleSignOn {
    /// Why a sign-in is refused.
    public enum Refusal: Error, Sendable, Equatable {
        /// There is no such provider, or it is disabled.
        case unknownProvider
        /// The way back does not belong to a way that began in this browser within the last ten minutes.
        case unknownState
        /// The provider did not vouch for an address.
        case noEmail
        /// An administrator has to say yes first; and perhaps the provider had too many groups to tell, so that the role
        /// is not what it should be.
        case pending(lacksGroups: Bool)
        /// The user cannot sign in.
        case inactive
        /// The address belongs to a user of another organization.
        case foreignAddress
        /// The user is linked to another identity, whatever the address is.
        case boundToAnother
        /// An administrator has this address; another one has to confirm that it is the same user.
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
            case .noEmail: "email_not_verified"
            case .pending: "pending"
            case .inactive: "inactive"
            case .foreignAddress: "other_organization"
            case .boundToAnother: "linked_to_another_identity"
            case .awaitsConfirmation: "awaiting_confirmation"
            case .aboveReach: "role_above_provider"
            case .superAdministrator: "super_admin"
            case .unknownProvider, .unknownState, .sharedReturn, .refused, .wait, .provider: nil
            }
        }
    }
}
