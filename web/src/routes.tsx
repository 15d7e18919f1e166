/** The addresses of the client. They hold UIDs and tokens only, never names. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'

import { NotFound } from './frame/NotFound'
import { Root } from './frame/Root'
import { SignedIn } from './frame/SignedIn'
import { Enrolment } from './rooms/enrolment/Enrolment'
import { SignIn } from './rooms/sign-in/SignIn'
import { StudyList } from './rooms/study-list/StudyList'

const rootRoute = createRootRoute({ component: Root, notFoundComponent: NotFound })

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { back?: string; idle?: boolean; problem?: string } => ({
    ...(typeof search.back === 'string' && /^\/(?!\/)/.test(search.back) ? { back: search.back } : {}),
    ...(search.idle === true ? { idle: true } : {}),
    ...(typeof search.problem === 'string' && /^[a-z-]{1,60}$/.test(search.problem) ? { problem: search.problem } : {}),
  }),
})

const enrolmentRoute = createRoute({ getParentRoute: () => rootRoute, path: '/enrol/$token', component: Enrolment })

const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/reset/$token',
  component: lazyRouteComponent(() => import('./rooms/reset/Reset'), 'Reset'),
})

const signedInRoute = createRoute({ getParentRoute: () => rootRoute, id: 'signed-in', component: SignedIn })

const studiesRoute = createRoute({ getParentRoute: () => signedInRoute, path: '/', component: StudyList })

const studyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/studies/$studyInstanceUid',
  component: lazyRouteComponent(() => import('./rooms/viewer/ViewerRoom'), 'ViewerRoom'),
})

const historyRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/studies/$studyInstanceUid/history',
  component: lazyRouteComponent(() => import('./rooms/study-history/StudyHistory'), 'StudyHistory'),
})

const HandedOver = lazyRouteComponent(() => import('./rooms/viewer/hand-over/HandedOver'), 'HandedOver')
const handedOverRoute = createRoute({ getParentRoute: () => signedInRoute, path: '/hand-over/$handOverId', component: HandedOver })
const DisplayCheck = lazyRouteComponent(() => import('./rooms/display-check/DisplayCheck'), 'DisplayCheck')
const displayCheckRoute = createRoute({ getParentRoute: () => signedInRoute, path: '/display-check', component: DisplayCheck })

const patientsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/patients',
  component: lazyRouteComponent(() => import('./rooms/patients/Patients'), 'Patients'),
})

const qualityRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/quality',
  component: lazyRouteComponent(() => import('./rooms/quality/QualityTasks'), 'QualityTasks'),
})

const administrationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/administration',
  component: lazyRouteComponent(() => import('./rooms/administration/AdministrationFrame'), 'AdministrationFrame'),
})

const overviewRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./rooms/administration/Overview'), 'Overview'),
})

const institutionsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/institutions',
  component: lazyRouteComponent(() => import('./rooms/administration/Institutions'), 'Institutions'),
})

const departmentsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/departments',
  component: lazyRouteComponent(() => import('./rooms/administration/Departments'), 'Departments'),
})

const peopleRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/people',
  component: lazyRouteComponent(() => import('./rooms/administration/people/People'), 'People'),
})

const personRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/people/$userId',
  component: lazyRouteComponent(() => import('./rooms/administration/people/PersonPage'), 'PersonPage'),
})

const devicesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/devices',
  component: lazyRouteComponent(() => import('./rooms/administration/devices/Devices'), 'Devices'),
})

const certificatesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/certificates',
  component: lazyRouteComponent(() => import('./rooms/administration/certificates/Certificates'), 'Certificates'),
})

const setUpRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/set-up/$institutionId',
  component: lazyRouteComponent(() => import('./rooms/administration/set-up/SetUp'), 'SetUp'),
})

const auditRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/audit',
  component: lazyRouteComponent(() => import('./rooms/audit/AuditTrail'), 'AuditTrail'),
  validateSearch: (search: Record<string, unknown>): { study?: string } =>
    typeof search.study === 'string' && /^[0-9.]{1,64}$/.test(search.study) ? { study: search.study } : {},
})

const destinationsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/destinations',
  component: lazyRouteComponent(() => import('./rooms/administration/Destinations'), 'Destinations'),
})

const sendersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/senders',
  component: lazyRouteComponent(() => import('./rooms/administration/Senders'), 'Senders'),
})

const Retention = lazyRouteComponent(() => import('./rooms/retention/Retention'), 'Retention')
const retentionRoute = createRoute({ getParentRoute: () => administrationRoute, path: '/retention', component: Retention })
const Displays = lazyRouteComponent(() => import('./rooms/administration/displays/Displays'), 'Displays')
const displaysRoute = createRoute({ getParentRoute: () => administrationRoute, path: '/displays', component: Displays })

const destructionCertificateRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/retention/certificates/$recordId',
  component: lazyRouteComponent(() => import('./rooms/retention/Certificate'), 'Certificate'),
})

const operationsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/operations',
  component: lazyRouteComponent(() => import('./rooms/administration/operations/Operations'), 'Operations'),
})

const continuityRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/continuity',
  component: lazyRouteComponent(() => import('./rooms/administration/continuity/Continuity'), 'Continuity'),
})

const storagesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/storages',
  component: lazyRouteComponent(() => import('./rooms/administration/storages/Storages'), 'Storages'),
})

const deletedRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/deleted',
  component: lazyRouteComponent(() => import('./rooms/administration/RecentlyDeleted'), 'RecentlyDeleted'),
})

const identityProvidersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/identity-providers',
  component: lazyRouteComponent(() => import('./rooms/administration/identity-providers/IdentityProviders'), 'IdentityProviders'),
})

const programsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/programs',
  component: lazyRouteComponent(() => import('./rooms/administration/programs/Programs'), 'Programs'),
})

const signInPolicyRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/signing-in',
  component: lazyRouteComponent(() => import('./rooms/administration/SigningIn'), 'SigningIn'),
})

const signedInDevicesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/signed-in-devices',
  component: lazyRouteComponent(() => import('./rooms/administration/SignedInDevices'), 'SignedInDevices'),
})

const alliancesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/alliances',
  component: lazyRouteComponent(() => import('./rooms/sharing/Alliances'), 'Alliances'),
})

const sharingRulesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/sharing-rules',
  component: lazyRouteComponent(() => import('./rooms/sharing/SharingRules'), 'SharingRules'),
})

const restrictionsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/restrictions',
  component: lazyRouteComponent(() => import('./rooms/restriction/Restrictions'), 'Restrictions'),
})

const accessReviewsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/access-reviews',
  component: lazyRouteComponent(() => import('./rooms/restriction/AccessReviews'), 'AccessReviews'),
})

/** Where these pages were before; bookmarks still lead to them. */
const movedRoutes = (['destinations', 'senders', 'deleted'] as const).map((page) =>
  createRoute({
    getParentRoute: () => rootRoute,
    path: `/${page}`,
    beforeLoad: () => {
      throw redirect({ to: `/administration/${page}`, replace: true })
    },
  }),
)

const accountRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./rooms/account/Account'), 'Account'),
})

const aboutRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/about',
  component: lazyRouteComponent(() => import('./rooms/about/About'), 'About'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    signInRoute,
    enrolmentRoute,
    resetRoute,
    aboutRoute,
    ...movedRoutes,
    signedInRoute.addChildren([
      studiesRoute,
      studyRoute,
      historyRoute,
      handedOverRoute,
      displayCheckRoute,
      patientsRoute,
      qualityRoute,
      administrationRoute.addChildren([
        institutionsRoute,
        departmentsRoute,
        peopleRoute,
        personRoute,
        devicesRoute,
        certificatesRoute,
        setUpRoute,
        auditRoute,
        signInPolicyRoute,
        identityProvidersRoute,
        programsRoute,
        signedInDevicesRoute,
        alliancesRoute,
        sharingRulesRoute,
        restrictionsRoute,
        accessReviewsRoute,
        overviewRoute,
        destinationsRoute,
        storagesRoute,
        sendersRoute,
        deletedRoute,
        operationsRoute,
        continuityRoute,
        retentionRoute,
        displaysRoute,
        destructionCertificateRoute,
      ]),
      accountRoute,
    ]),
  ]),
  defaultPreload: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
