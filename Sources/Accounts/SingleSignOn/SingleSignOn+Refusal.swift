import API
import BoundaryText
import Foundation
import OpenIDConnect

extension SingleSignOn {
    /// Why a sign-in is refused.
    public enum Refusal: Error, Sendable, Equatable {
        /// The provider does not exist or is disabled.
        case unknownProvider
        /// The response does not belong to an attempt that began in this browser within the last ten minutes.
        case unknownState
        /// The provider did not vouch for an e-mail address.
        case noEmail
        /// An administrator must approve the user first. With `lacksGroups`, the provider could not send all groups, so
        /// the user's role may be wrong.
        case pending(lacksGroups: Bool)
        /// The user cannot sign in.
        case inactive
        /// The e-mail address belongs to a user of another organization.
        case foreignAddress
        /// The user is already linked to another identity.
        case linkedToAnother
        /// The e-mail address belongs to an administrator; another administrator must confirm that it is the same user.
        case awaitsConfirmation
        /// The user's role is above the provider's maximum role.
        case roleAboveProvider(Role)
        /// Super admins cannot sign in through any provider.
        case superAdmin
        /// Several providers share a redirect URL, and the response does not name its issuer.
        case ambiguousRedirect
        /// The provider refused, with its own error code, such as `access_denied`.
        case refused(String)
        /// Too many attempts from this address.
        case wait(Duration)
        /// The provider failed.
        case provider(OpenIDError)

        /// The reason in the audit log; nil for refusals that are not logged.
        var code: String? {
            switch self {
            case .noEmail: "email_not_verified"
            case .pending: "pending"
            case .inactive: "inactive"
            case .foreignAddress: "other_organization"
            case .linkedToAnother: "linked_to_another_identity"
            case .awaitsConfirmation: "awaiting_confirmation"
            case .roleAboveProvider: "role_above_provider"
            case .superAdmin: "super_admin"
            case .unknownProvider, .unknownState, .ambiguousRedirect, .refused, .wait, .provider: nil
            }
        }
    }
}
